"""The libtorrent side of bench/swarm: makes a v2 torrent, seeds it, or downloads it and seeds on.

    torrent.py make  FILE TORRENT
    torrent.py seed  TORRENT FOLDER ADDRESS            says "ready", seeds until its input ends
    torrent.py leech TORRENT FOLDER ADDRESS PEER...    says "ready"; told "go" it downloads, says a line
                                                       of JSON, and seeds until its input ends
"""
import json
import os
import signal
import sys
import threading

import libtorrent as lt

PORT = 6881
SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "connections_limit": 500,
    "alert_mask": lt.alert.category_t.status_notification,
}


def make(path, torrent):
    storage = lt.file_storage()
    lt.add_files(storage, path)
    made = lt.create_torrent(storage, 0, lt.create_torrent.v2_only)
    lt.set_piece_hashes(made, os.path.dirname(path))
    with open(torrent, "wb") as file:
        file.write(lt.bencode(made.generate()))


def add(session, torrent, folder):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    return session.add_torrent(params)


def wait_until_seeding(session, handle):
    while not handle.status().is_seeding:
        session.wait_for_alert(200)
        session.pop_alerts()


def main():
    what, *args = sys.argv[1:]
    if what == "make":
        return make(*args)
    # The rig ends the input too, and that end leaves the session time to write what it has.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torrent, folder, address, *peers = args
    session = lt.session({**SETTINGS, "listen_interfaces": f"{address}:{PORT}"})
    if what == "seed":
        wait_until_seeding(session, add(session, torrent, folder))
        print("ready", flush=True)
        sys.stdin.readline()
        return
    print("ready", flush=True)
    if sys.stdin.readline() != "go\n":
        return
    handle = add(session, torrent, folder)
    for peer in peers:
        handle.connect_peer((peer, PORT))

    def download():
        wait_until_seeding(session, handle)
        status = handle.status()
        wasted = status.total_redundant_bytes + status.total_failed_bytes
        print(json.dumps({"wasted": wasted}), flush=True)

    threading.Thread(target=download, daemon=True).start()
    sys.stdin.readline()


main()
