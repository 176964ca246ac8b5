# SPDX-License-Identifier: GPL-2.0-or-later
"""NEW_DAEMON and DEL_DAEMON, broken in each way, and every state."""
import time

from breakage import broken, packings
from netlink_text import DAEMON, attribute, fields, pack
from probe import Prober, Table, daemon

GOOD = dict(
    STATE=1, MCAST_IFN="eth0", SYNC_ID=7, SYNC_MAXLEN=1400, MCAST_GROUP="224.0.0.99", MCAST_PORT=8850, MCAST_TTL=3
)
p = Prober()
table = Table(p)
for command in ("NEW_DAEMON", "DEL_DAEMON"):
    good = GOOD if command == "NEW_DAEMON" else dict(STATE=1)
    table.case("good", command, daemon(**good))
    for title, nest in broken(DAEMON, good):
        table.case(f"{command} {title}", command, attribute(3, nest))
    for title, body in packings(3, pack(fields(DAEMON, **good))):
        table.case(f"{command} {title}", command, body)
p.case("a life of both")
p.do("NEW_DAEMON", daemon(STATE=2, MCAST_IFN="eth0", SYNC_ID=0))
p.do("NEW_DAEMON", daemon(STATE=2, MCAST_IFN="eth0", SYNC_ID=0))
p.do("NEW_DAEMON", daemon(STATE=1, MCAST_IFN="eth0", SYNC_ID=255, MCAST_GROUP6="ff02::8:9", MCAST_PORT=9000))
p.do("NEW_DAEMON", daemon(STATE=1, MCAST_IFN="nothere", SYNC_ID=255))
p.changes()
# The kernel forgets to answer if a thread that is to end has not begun yet, and nothing tells when it has.
time.sleep(0.5)
p.do("DEL_DAEMON", daemon(STATE=1))
p.do("DEL_DAEMON", daemon(STATE=1))
p.do("DEL_DAEMON", daemon(STATE=2))
p.do("DEL_DAEMON", daemon(STATE=3))
p.changes()
for title, group in (
    ("an IPv4 group that is none", dict(MCAST_GROUP="192.0.2.1")),
    ("an IPv6 group that is none", dict(MCAST_GROUP6="2001:db8::1")),
    ("both groups", dict(MCAST_GROUP="224.0.0.9", MCAST_GROUP6="ff02::9")),
    ("a link-local group", dict(MCAST_GROUP6="ff02::9")),
    ("a group for the world", dict(MCAST_GROUP6="ff0e::9")),
    ("a short length", dict(SYNC_MAXLEN=1)),
    ("a long length", dict(SYNC_MAXLEN=65535)),
    ("the loopback interface", dict(MCAST_IFN="lo")),
    ("an interface of fifteen letters", dict(MCAST_IFN="fifteen-letters")),
):
    for state in (1, 2):
        table.case(
            f"{title}, state {state}",
            "NEW_DAEMON",
            daemon(**dict(dict(STATE=state, MCAST_IFN="eth0", SYNC_ID=1), **group)),
        )
