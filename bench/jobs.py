"""What ./dev bench measures: runs of m3u-proxy, and the goals that they have to meet."""

from dataclasses import dataclass, field, replace

FILTERS = ['group_title contains "adult"', 'group_title ends_with "VOD"']
RULES = [
    'channel_name matches "^(.*) HD( [0-9]+)?$" SET channel_name = "$1$2", attr:quality = "HD"',
    'group_title starts_with "UK" SET group_title = "United Kingdom"',
    'channel_name contains "sport" AND stream_url contains "/live/" SET group_title += " (Sport)"',
]
DEFAULT_LIMIT = "auto"  # what a user gets who says nothing
NO_LIMIT = "none"


@dataclass
class Job:
    """A run of m3u-proxy that is measured, and the goal it has to meet."""
    title: str
    channels: int
    guide_mb: int = 0
    rules: bool = True
    options: list[str] = field(default_factory=list)
    limit: str = ""  # "": at the default limit and without one
    gzip: bool = False
    preset: str = "release"  # whose program
    goal_s: float | None = None
    goal_rss_mb: float | None = None
    quick: bool = False  # also in a quick run


ONE_THREAD = ["--threads", "1"]
JOBS = [
    Job("10K channels", 10_000, quick=True),
    Job("39,161 channels", 39_161, goal_s=0.060, goal_rss_mb=40, quick=True),
    Job("100K channels", 100_000),
    Job("1M channels", 1_000_000),
    Job("39,161 channels + 10 MB guide", 39_161, 10, quick=True),
    Job("39,161 channels + 100 MB guide", 39_161, 100, goal_s=0.24, goal_rss_mb=48),
    Job("39,161 channels + 1000 MB guide", 39_161, 1000),
    Job("39,161 channels + 100 MB guide, gzip'd", 39_161, 100, gzip=True),
    Job("215K channels + 100 MB guide", 215_000, 100, goal_s=0.6, goal_rss_mb=60),
    Job("1M channels + 100 MB guide", 1_000_000, 100, goal_s=2.5),
    Job("1M channels + 100 MB guide", 1_000_000, 100, limit="64MB", goal_s=5.0, goal_rss_mb=64),
    Job("1M channels, one thread, no rules", 1_000_000, rules=False, options=ONE_THREAD),
    Job("1M channels, one thread", 1_000_000, options=ONE_THREAD),
    Job("39,161 channels + 100 MB guide, one thread", 39_161, 100, options=ONE_THREAD),
    Job("one channel (start-up)", 1, goal_s=0.005, goal_rss_mb=12, quick=True),
    Job("one channel (start-up), preset memory-optimized", 1, preset="memory-optimized",
        goal_s=0.005, goal_rss_mb=12),
]


def selected(quick: bool, only: str) -> list[Job]:
    """Those to be run: of a quick run, or with `only` in their title; each with its limit."""
    return [replace(job, limit=limit) for job in JOBS
            if (job.quick or not quick) and only in job.title
            for limit in ([job.limit] if job.limit else [DEFAULT_LIMIT, NO_LIMIT])]
