"""Messages between hosts: oslo.messaging behind one port, with an in-memory twin."""

import warnings

# oslo.service, which oslo.messaging needs, imports eventlet, and that warns of itself at each
# start; nothing here uses it.
warnings.filterwarnings("ignore", message="\nEventlet is deprecated")
