"""docs/quickstart.md, followed to the letter."""

import re
import subprocess

from program import ROOT, environment
from service import Service


def test_the_quick_start_works(tmp_path):
    text = (ROOT / "docs" / "quickstart.md").read_text()
    begin = re.findall(r"^    (.*)$", text, re.MULTILINE)
    script = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    assert begin[2].endswith("m3u-proxy serve --config service.toml --listen 127.0.0.1:8080")
    subprocess.run(["bash", "-ec", "\n".join(begin[:2])], cwd=tmp_path, check=True)
    with Service(tmp_path / "data", "--config", tmp_path / "service.toml",
                 extra={"M3U_PROXY_ADMIN_PASSWORD": "a long password"}) as service:
        script = script.replace("http://127.0.0.1:8080", service.address)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, timeout=60,
                              capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ONE" in done.stdout and ',Two' not in done.stdout
        assert '"channels_before":1,"channels":2,"added":1,"removed":0' in done.stdout
        assert '"changed":1' in done.stdout
        assert '"current":1,"held":true' in done.stdout
        assert '"current":2,"held":false' in done.stdout
