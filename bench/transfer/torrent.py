"""The libtorrent side of bench/transfer: makes a v2 torrent, seeds it, or downloads it, on loopback.

    torrent.py make  FILE TORRENT
    torrent.py seed  TORRENT FOLDER PORT    prints "ready", then seeds until it is killed
    torrent.py fetch TORRENT FOLDER PORT    downloads from the seed at 127.0.0.1:PORT
"""
import os
import sys
import time

import libtorrent as lt

SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "alert_mask": 0,
}


def add(torrent, folder, port):
    session = lt.session({**SETTINGS, "listen_interfaces": f"127.0.0.1:{port}"})
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    return session, session.add_torrent(params)


def main():
    what = sys.argv[1]
    if what == "make":
        path, torrent = sys.argv[2:4]
        storage = lt.file_storage()
        lt.add_files(storage, path)
        made = lt.create_torrent(storage, 0, lt.create_torrent.v2_only)
        lt.set_piece_hashes(made, os.path.dirname(path))
        with open(torrent, "wb") as file:
            file.write(lt.bencode(made.generate()))
        return
    torrent, folder, port = sys.argv[2:5]
    if what == "seed":
        session, handle = add(torrent, folder, port)
        while not handle.status().is_seeding:
            time.sleep(0.05)
        print("ready", flush=True)
        while True:
            time.sleep(60)
    session, handle = add(torrent, folder, 0)
    handle.connect_peer(("127.0.0.1", int(port)))
    while not handle.status().is_seeding:
        time.sleep(0.01)


main()
