# JupyterLab for a network that may be closed: nothing is asked of the outside.
c = get_config()  # noqa: F821 (given by Jupyter)
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.ServerApp.open_browser = True
