"""Prints the BitTorrent v2 roots and piece layers of some files, as libtorrent computes them.

Byte i of each file is (31 * i + (i >> 10) + 7 * (i >> 18)) mod 256; the piece length is 256 KiB. Made with
python3-libtorrent 2.0.8 of Debian 12:

    /usr/bin/python3 test/vectors/make-roots.py > test/vectors/roots.json
"""
import json
import os
import tempfile

import libtorrent as lt

MIB = 1024 * 1024
SIZES = [0, 1, 16383, 16384, 16385, MIB - 1, MIB, MIB + 1, 5 * MIB]
PIECE = 256 * 1024

vectors = []
with tempfile.TemporaryDirectory() as folder:
    for size in SIZES:
        os.makedirs(f"{folder}/{size}")
        # A second file: there is no torrent of an empty file alone.
        with open(f"{folder}/{size}/other", "wb") as file:
            file.write(b"x")
        with open(f"{folder}/{size}/f", "wb") as file:
            file.write(bytes((31 * i + (i >> 10) + 7 * (i >> 18)) % 256 for i in range(size)))
        storage = lt.file_storage()
        lt.add_files(storage, f"{folder}/{size}")
        torrent = lt.create_torrent(storage, PIECE, lt.create_torrent.v2_only)
        lt.set_piece_hashes(torrent, folder)
        made = torrent.generate()
        entry = made[b"info"][b"file tree"][b"f"][b""]
        root = entry.get(b"pieces root", b"")
        layer = made.get(b"piece layers", {}).get(root, b"")
        # BEP 52 has no root for an empty file, and no layer for a file of one piece.
        vectors.append({"size": size, "root": root.hex(), "layer": layer.hex()})
print(json.dumps(vectors, indent=2))
