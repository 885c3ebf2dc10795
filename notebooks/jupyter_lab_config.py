# JupyterLab for a network that may be closed: nothing is asked of the outside.
from pathlib import Path

c = get_config()  # noqa: F821 (given by Jupyter)
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# overrides.json: no question about news, the kernel starts by itself, maps off screen are drawn too.
c.LabApp.app_settings_dir = str(Path(__file__).parent / "lab_settings")
c.ServerApp.open_browser = True
