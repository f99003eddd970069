# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations as primary CNIs write them: tall, in a line, with tabs, for one plugin."""

import json

TALL = b"""{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "flannel",
      "delegate": {
        "hairpinMode": true,
        "isDefaultGateway": true
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    }
  ]
}
"""

TALL_WITH_OURS = TALL.replace(b"""      }
    }
  ]
""", b"""      }
    },
    {
      "type": "sidewire-cni",
      "capabilities": {
        "io.kubernetes.cri.pod-annotations": true
      }
    }
  ]
""")

LINE = b'{"cniVersion":"1.0.0","name":"kindnet","plugins":[{"type":"ptp","ipMasq":false}]}'
TABS = b'{\r\n\t"cniVersion": "1.1.0",\r\n\t"name": "n",\r\n\t"plugins": [\r\n\t\t{"type": "bridge"}\r\n\t]\r\n}'
SINGLE = b'{\n    "cniVersion": "0.4.0",\n    "name": "single",\n    "type": "bridge",\n    "ipam": {"type": "host-local"}\n}\n'


def numbered(number):
    """A configuration that is written again and again, each time another one."""
    return json.dumps({"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge", "mtu": number}]}, indent=2).encode()
