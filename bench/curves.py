"""Peak memory and time over the limit and over the size, as tables and as a plot (SVG)."""

from dataclasses import dataclass

LIMITS_MB = [None, 512, 256, 128, 64, 48, 32, 24]
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]
GUIDE_MB = 1000
CHANNELS = 1_000_000


@dataclass
class Point:
    """One run: what it was asked for, and what it took."""
    label: str
    limit_mb: int | None
    wall_s: float
    rss_mb: float
    spill_mb: float
    same: bool


def limit_name(limit_mb):
    return "none" if limit_mb is None else f"{limit_mb}MB"


def measure(bench, jobs, hash_of):
    """Runs `jobs` ((label, job) pairs; the first is the reference) and compares their output."""
    points, reference = [], None
    for label, limit_mb, job in jobs:
        result = bench.measure(job)
        if result.problem:
            points.append(Point(f"{label}: {result.problem}", limit_mb, 0, 0, 0, False))
            continue
        digest = hash_of()
        reference = reference or digest
        spill = result.report.get("spill", {}).get("bytes", 0) / (1 << 20)
        points.append(Point(label, limit_mb, result.wall_s, result.rss_mb, spill,
                            digest == reference))
    return points


def table(points, first):
    unlimited = points[0]
    lines = [f"| {first} | wall | of unlimited | peak RSS MB | on disk MB | same bytes |",
             "|---|---|---|---|---|---|"]
    for point in points:
        if not point.wall_s:
            lines.append(f"| {point.label} | | | | | |")
            continue
        share = f"{point.wall_s / unlimited.wall_s:.2f} ×" if unlimited.wall_s else ""
        lines.append(f"| {point.label} | {point.wall_s:.2f} s | {share} | {point.rss_mb:.1f} | "
                     f"{point.spill_mb:.0f} | {'yes' if point.same else '**no**'} |")
    return lines


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 320, 60, 50, 20


def plot(points, title):
    """Bars of peak memory with the limit as a line over each, and the time under it."""
    shown = [point for point in points if point.wall_s]
    most = max([point.rss_mb for point in shown] + [1])
    step = (WIDTH - LEFT - 10) / max(len(shown), 1)
    height = HEIGHT - BOTTOM - TOP

    def y_of(value):
        return TOP + height * (1 - min(value / most, 1))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             f'<text x="{LEFT}" y="14">{title}</text>']
    for i in range(5):
        value = most * i / 4
        y = y_of(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.0f} MB</text>')
    for i, point in enumerate(shown):
        x = LEFT + step * i + step * 0.2
        width = step * 0.6
        y = y_of(point.rss_mb)
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                     f'height="{TOP + height - y:.1f}" fill="#4a7fb5"/>')
        if point.limit_mb is not None and point.limit_mb <= most:
            limit_y = y_of(point.limit_mb)
            parts.append(f'<line x1="{x - 4:.1f}" x2="{x + width + 4:.1f}" y1="{limit_y:.1f}" '
                         f'y2="{limit_y:.1f}" stroke="#c33" stroke-width="2"/>')
        middle = x + width / 2
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 32}" text-anchor="middle">'
                     f'{point.label}</text>'
                     f'<text x="{middle:.1f}" y="{HEIGHT - 16}" text-anchor="middle" fill="#555">'
                     f'{point.wall_s:.1f} s</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
