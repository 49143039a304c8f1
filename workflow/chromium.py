"""The Chromium of the system, which draws and prints without a screen."""

import shutil

ARGUMENTS = (
    "--no-sandbox",
    "--use-angle=swiftshader",  # draws figures in three dimensions without a graphics card
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)


def chromium() -> str | None:
    """Returns the path of Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
