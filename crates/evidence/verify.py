#!/usr/bin/env python3
"""Checks an exported audit log or an evidence package, offline. Needs Python 3.9 and the `openssl` command (3.0 or later).

    verify.py DIRECTORY_OR_ZIP.. [--key VERIFIER_KEY].. [--witness VERIFIER_KEY].. [--quorum N]
              [--tsa CERTIFICATES_PEM] [--json]

Several directories, or one that holds epoch-1, epoch-2 and so on, are the epochs of one log; of those that were sealed
one key is enough. Timestamps (RFC 3161) are checked with the certificates of --tsa. All witnesses that are given, or as many as --quorum says, must have cosigned.
Exit status: 0 sound, 1 problems found, 2 wrong usage or unreadable files.

Written from the public specifications, docs/log-format.md and docs/evidence.md, not from the gateway's code, so that the two
check each other:
  RFC 6962 (Merkle tree), RFC 8785 (canonical JSON), and of c2sp.org: signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature.
"""
import base64, binascii, bisect, hashlib, heapq, hmac, io, itertools, json, os, re, stat, subprocess, sys, tempfile, unicodedata, zipfile, zlib
from datetime import datetime, timedelta
from html import unescape

WIDTH, LEAF_MAX, INT_MAX, LISTED = 256, 16384, 2**53 - 1, 100
HEX = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TOKEN = re.compile(r"[a-z0-9_.-]{1,64}")
DECIMAL = re.compile("0|[1-9][0-9]{0,19}")
TIME = re.compile(r"(19[7-9]\d|[2-9]\d\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
ZERO = "0" * 64


# What reading an archive may end with; whatever is wrong with its content is a finding.
UNREADABLE = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class Bad(Exception):
    """Something is not as the format says."""


class Findings:
    tsa = None  # Certificates of timestamp authorities that the reader trusts, a file.

    def __init__(self):
        self.problems, self.count, self.first, self.notes = [], 0, None, []
        self.counts, self.open, self.read, self.origin, self.size = {}, [], 0, None, None
        self.populations, self.key, self.root = {}, None, None
        self.genesis, self.seal, self.level, self.erased = None, None, 0, {}

    def blame(self, kind, reason, leaf=None, path=None):
        self.count += 1
        if leaf is not None:
            self.first = leaf if self.first is None else min(self.first, leaf)
        if len(self.problems) < LISTED:
            self.problems.append({"kind": kind, "leaf": leaf, "path": path, "reason": reason})


# ---- Merkle tree: RFC 6962, section 2.1 -------------------------------------------------------------------------

def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def tree_root(hashes):
    """The root over hashes of equal, complete subtrees; the largest power of two goes left."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_root(hashes[:split]) + tree_root(hashes[split:])).digest()


def edge_root(levels):
    """The root from the hashes that fill no tile, lowest level first."""
    right = None
    for level in levels:
        rest = list(level)
        while rest:
            peak = rest[-(len(rest) & -len(rest)):]
            del rest[len(rest) - len(peak):]
            left = tree_root(peak)
            right = left if right is None else hashlib.sha256(b"\x01" + left + right).digest()
    return hashlib.sha256().digest() if right is None else right


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def climb(index, size, path, right, both):
    """The way up from a node: what is left of the two counters, and the hashes it leads to (RFC 9162, 2.1.3.2, 2.1.4.2)."""
    last = size - 1
    while both and index & 1:
        index, last = index >> 1, last >> 1
    left = right
    for sibling in path:
        if last == 0:
            raise Bad("the proof has too many hashes")
        if index & 1 or index == last:
            left, right = node(sibling, left), node(sibling, right)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            right = node(right, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise Bad("the proof has too few hashes")
    return left, right


def included(leaf, index, size, path, root):
    return index < size and climb(index, size, path, leaf, False)[1] == root


def grew(old, size, path, before, after):
    """Whether the tree of `size` leaves is the one of `old` with more behind it."""
    if old == 0 or old >= size:
        return not path and before == (hashlib.sha256().digest() if old == 0 else after if old == size else None)
    path = ([before] if old & old - 1 == 0 else []) + path
    return path != [] and climb(old - 1, size, path[1:], path[0], True) == (before, after)


def unhash(line):
    data = unbase64(line)
    if len(data) != 32:
        raise Bad("a line is not a hash")
    return data


# ---- Signed checkpoint: c2sp.org/signed-note and c2sp.org/tlog-checkpoint -----------------------------------------

def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("not base64")
    if base64.b64encode(data).decode() != text:
        raise Bad("not base64 in its one spelling")
    return data


def is_name(name):
    return name != "" and "+" not in name and not any(c.isspace() or ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


def parse_key(text, kind=1):
    """`name+id+base64(type || key)`; type 1 is Ed25519, 4 a witness's; the id is the start of a hash of the rest."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_name(parts[0]):
        raise Bad("malformed verifier key")
    data = unbase64(parts[2])
    if len(data) != 33 or data[0] != kind:
        raise Bad("not an Ed25519 verifier key, or of another type than is wanted here")
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    if key_id.hex() != parts[1]:
        raise Bad("damaged verifier key: its id does not fit")
    return parts[0], key_id, data[1:]


ED25519 = bytes.fromhex("302a300506032b6570032100")


def ed25519_ok(public, message, signature):
    # Strictness against S >= L (RFC 8032, section 5.1.7) is openssl's.
    return signature_ok(ED25519 + public, message, signature)


def signature_ok(spki, message, signature):
    """Whether the key made the signature; of keys other than Ed25519 over SHA-256, RSA with PKCS #1 v1.5."""
    pem, digest = base64.b64encode(spki).decode(), [] if spki.startswith(ED25519) else ["-digest", "sha256"]
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for name, data in zip(names, (f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n".encode(),
                                      message, signature)):
            with open(name, "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", names[0], "-rawin", "-in", names[1],
                   "-sigfile", names[2]] + digest
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def split_note(signed):
    """The text of a signed note, and its signatures as name, key id and signature proper."""
    try:
        note = signed.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("not UTF-8")
    if len(signed) > 65536 or any(ord(c) < 32 and c != "\n" for c in note) or "\n\n" not in note:
        raise Bad("not a signed note")
    end = note.rindex("\n\n")
    text, lines = note[:end + 1], note[end + 2:].split("\n")
    if lines.pop() != "" or not 1 <= len(lines) <= 32:
        raise Bad("not a signed note")
    signatures = []
    for line in lines:
        parts = line.split(" ", 2)
        if len(parts) != 3 or parts[0] != "\u2014" or not is_name(parts[1]):
            raise Bad("malformed signature line")
        signature = unbase64(parts[2])
        if len(signature) < 5:
            raise Bad("malformed signature line")
        signatures.append((parts[1], signature[:4], signature[4:]))
    return text, signatures


def count_cosigners(signed, witnesses):
    """How many of the witnesses cosigned: c2sp.org/tlog-cosignature, cosignature/v1."""
    text, signatures = split_note(signed)
    cosigned = set()
    for name, key_id, signature in signatures:
        for witness in witnesses:
            if (name, key_id) == witness[:2]:
                time = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                if len(signature) != 72 or time >= 2**63 or not ed25519_ok(witness[2], message, signature[8:]):
                    raise Bad(f"the cosignature of {name!r} does not verify")
                cosigned.add(witness)
    return len(cosigned)


def open_note(signed, key):
    """The text of a note that the key signed."""
    name, key_id, public = key
    text, signatures = split_note(signed)
    own = [signature for other, other_id, signature in signatures if (other, other_id) == (name, key_id)]
    if not own:
        raise Bad("no signature of the key")
    if not all(ed25519_ok(public, text.encode(), signature) for signature in own):
        raise Bad("the signature does not verify")
    return text


def open_checkpoint(signed, key):
    name, body = key[0], open_note(signed, key)[:-1].split("\n")
    if len(body) != 3 or body[0] != name or not DECIMAL.fullmatch(body[1]):
        raise Bad("malformed checkpoint, or one of another log")
    root = unbase64(body[2])
    if len(root) != 32 or int(body[1]) >= 2**64:
        raise Bad("malformed checkpoint")
    return int(body[1]), root


def check_proof(proof, leaf, index, open_signed):
    """c2sp.org/tlog-proof: the leaf is in a signed tree, whose size and root this answers."""
    head, _, signed = proof.decode("utf-8").partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    if lines[:2] != ["c2sp.org/tlog-proof@v1", f"index {index}"]:
        raise Bad("the proof is malformed, or about another leaf")
    size, root = open_signed(signed.encode())
    if not included(leaf_hash(leaf), index, size, list(map(unhash, lines[2:])), root):
        raise Bad("the leaf is not the one in the log")
    return size, root


# ---- Files: c2sp.org/tlog-tiles -----------------------------------------------------------------------------------

def tile_path(row, number, width):
    digits = "%03d" % number if number < 1000 else str(number).zfill(-(-len(str(number)) // 3) * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["tile", str(row)] + ["x" + group for group in groups[:-1]] + groups[-1:])
    return path if width == WIDTH else f"{path}.p/{width}"


def row_tiles(row, size):
    """Number of full tiles in a row, and the width of the partial one."""
    return divmod(size >> (0 if row == "entries" else 8 * row), WIDTH)


def tile_name(row, number, size):
    """Path and width of a tile in a tree of this size, or nothing."""
    full, rest = row_tiles(row, size)
    width = WIDTH if number < full else rest if number == full else 0
    return (tile_path(row, number, width), width) if width else None


class Folder:
    """Files in a directory."""

    def __init__(self, folder):
        os.listdir(folder)
        self.folder = folder

    def open(self, path):
        full = os.path.join(self.folder, path)
        try:
            return open(full, "rb") if stat.S_ISREG(os.lstat(full).st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self):
        for folder, folders, files in os.walk(self.folder):
            for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
                full = os.path.join(folder, name)
                yield os.path.relpath(full, self.folder).replace(os.sep, "/"), stat.S_ISREG(os.lstat(full).st_mode)


# What an archive of a package is, byte by byte: PKWARE APPNOTE 6.3, as a gateway writes it and not as the format allows it.
LARGE, NARROW, LIST_MAX = 3 * 2**30, 2**32 - 1, 2**26
END = "its last bytes are not the end of an archive: it was cut, or a comment or something else stands there"
SPAN = "it does not consist of files, their list and its end: bytes stand before, between or behind them"
TALLY = "how many files there are, or where their list is, is not said as a gateway says it"
UNLIKE = "it is not listed as a gateway lists a file of this name and size: another program made or changed the archive"
ORDER = "it is there twice, out of order, or not a name that a gateway gives to a file"
LOCAL = "what stands before its bytes is not what the list of files says of it"
CONTENT = "its bytes are not those that the list of files says: they end elsewhere or are others"


def little(size, *values):
    return b"".join(value.to_bytes(size, "little") for value in values)


class Entry:
    """A file in an archive: what the list says of it, and what both headers must then be."""

    def __init__(self, listed, begin, at):
        number = lambda start, size: int.from_bytes(listed[begin + start:begin + start + size], "little")
        end = 46 + number(28, 2)
        if len(listed) - begin < max(46, end):
            raise Bad(SPAN)
        self.raw, self.at = listed[begin + 46:begin + end], at
        self.name = self.raw.decode("utf-8", "replace")
        self.crc, self.packed, self.size = (number(start, 4) for start in (16, 20, 24))
        if self.size == NARROW:
            if len(listed) - begin < end + 20:
                raise Bad(SPAN)
            self.size, self.packed = number(end + 4, 8), number(end + 12, 8)
        self.large = self.size > LARGE
        self.stored = self.name.startswith("log/tile/") and not self.name.startswith("log/tile/entries/")
        self.rank = ({"manifest.json": 1, "manifest.note": 2}.get(self.name, 0), self.name)
        self.version = 45 if self.large else 10 if self.stored else 20
        sizes = (NARROW, NARROW) if self.large else (self.packed, self.size)
        # No flags, deflated or stored, no date.
        facts = little(2, self.version, 0, 0 if self.stored else 8, 0, 33) + little(4, self.crc, *sizes) + little(2, len(self.raw))
        wide = [self.size, self.packed] if self.large else []
        self.local = self.head(b"PK\3\4" + facts, wide, b"")
        # Made on Unix; a plain file that its owner writes and everybody reads.
        far = [at] if at >= NARROW else []
        self.listed = self.head(b"PK\1\2" + little(2, 3 << 8 | self.version) + facts, wide + far,
                                bytes(6) + little(4, 0o100644 << 16, min(at, NARROW)))

    def head(self, facts, wide, more):
        extra = little(2, 1, 8 * len(wide)) + little(8, *wide) if wide else b""
        return facts + little(2, len(extra)) + more + self.raw + extra

    def is_named(self):
        return (all(33 <= ord(c) <= 126 and c not in "\\:" for c in self.name)
                and not {"", ".", ".."} & set(self.name.split("/")))

    def is_whole(self, file):
        """Whether its bytes are what the list says, with nothing behind them."""
        file.seek(self.at + len(self.local))
        left, size, crc, inflate, data = self.packed, 0, 0, zlib.decompressobj(-15), b""
        while size <= self.size and (left or data):
            if not data:
                data = file.read(min(65536, left))
                left -= len(data)
                if not data:
                    return False
            if self.stored:
                out, data = data, b""
            elif inflate.eof:
                return False
            else:
                try:
                    out, data = inflate.decompress(data, 65536), inflate.unconsumed_tail
                except zlib.error:
                    return False
                if inflate.unused_data:
                    return False
            size, crc = size + len(out), zlib.crc32(out, crc)
        if not self.stored and not inflate.eof:
            out = inflate.flush()
            size, crc = size + len(out), zlib.crc32(out, crc)
        return (size, crc) == (self.size, self.crc) and (self.stored or inflate.eof)


class Archive:
    """Files in a zip archive, read in place. One that is not as a gateway writes it has none."""

    def __init__(self, path):
        self.path, self.zip, self.entries, self.fault = path, None, [], None
        with open(path, "rb") as file:
            try:
                self.read(file)
            except Bad as problem:
                name = self.entries[-1].name if problem.args[1:] else path
                self.fault, self.entries = (name, problem.args[0]), []
        if not self.fault:
            self.zip = zipfile.ZipFile(path)

    def read(self, file):
        length = file.seek(0, 2)

        def at(start, size):
            file.seek(start)
            return file.read(size)

        end = at(max(length - 22, 0), min(length, 22))
        if at(0, 2) != b"PK" and end[:4] != b"PK\5\6":
            raise OSError("not a zip archive")
        if end[:4] != b"PK\5\6":
            raise Bad(END)
        tail = at(length - 98, 76) if length >= 98 else b""
        number = lambda data, start, size: int.from_bytes(data[start:start + size], "little")
        if tail[56:60] == b"PK\6\7":
            size, start = number(tail, 40, 8), number(tail, 48, 8)
        else:
            size, start, tail = number(end, 12, 4), number(end, 16, 4), b""
        if start + size + len(tail) + 22 != length or size > LIST_MAX:
            raise Bad(SPAN)
        listed, place, done = at(start, size), 0, 0
        while done < size:
            before = self.entries[-1].rank if self.entries else None
            entry = Entry(listed, done, place)
            self.entries.append(entry)
            if not entry.is_named() or before is not None and before >= entry.rank:
                raise Bad(ORDER, entry)
            if not listed.startswith(entry.listed, done) or place + len(entry.local) + entry.packed > start:
                raise Bad(UNLIKE, entry)
            if at(place, len(entry.local)) != entry.local:
                raise Bad(LOCAL, entry)
            done, place = done + len(entry.listed), place + len(entry.local) + entry.packed
        if place != start:
            raise Bad(SPAN)
        if tail + end != self.ending(size, start):
            raise Bad(TALLY)

    def ending(self, size, start):
        count, wide, end = len(self.entries), b"", b"PK\5\6"
        if count > 65535 or max(size, start) > NARROW:
            version = max((entry.version for entry in self.entries), default=10)
            wide = (b"PK\6\6" + little(8, 44) + little(2, version, version) + bytes(8) + little(8, count, count, size, start)
                    + b"PK\6\7" + bytes(4) + little(8, start + size) + little(4, 1))
        return (wide + end + bytes(4) + little(2, *[min(count, 65535)] * 2)
                + little(4, NARROW if wide else size, min(start, NARROW)) + bytes(2))

    def check(self):
        """What is wrong with the archive itself: where and why. Reads all of it."""
        if self.fault:
            return self.fault
        with open(self.path, "rb") as file:
            return next(((entry.name, CONTENT) for entry in self.entries if not entry.is_whole(file)), None)

    def open(self, path):
        try:
            return self.zip and self.zip.open(path)
        except KeyError:
            return None

    def names(self):
        return ((entry.name, True) for entry in self.entries)


class Below:
    """Files below one directory of others."""

    def __init__(self, files, prefix):
        self.files, self.prefix = files, prefix

    def open(self, path):
        return self.files.open(self.prefix + path)

    def names(self):
        for name, plain in self.files.names():
            if name.startswith(self.prefix):
                yield name[len(self.prefix):], plain


class Log:
    def __init__(self, files):
        self.files = files

    def file(self, path, limit):
        file = self.files.open(path)
        if file is None:
            return None
        with file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Bad(getattr(self.files, "prefix", "") + path)
        return data

    def hashes(self, name):
        data = self.file(name[0], WIDTH * 32)
        if data is None or len(data) != name[1] * 32:
            return None
        return [data[i:i + 32] for i in range(0, len(data), 32)]

    def names(self):
        return self.files.names()


def is_expected(path, size, first=0):
    match = re.fullmatch(r"tile/(entries|[0-7])/((?:x\d{3}/)*\d{3})(?:\.p/\d+)?", path, re.ASCII)
    if not match:
        return path in ("checkpoint", "verifier.key")
    row, number = match[1] if match[1] == "entries" else int(match[1]), int(match[2].replace("x", "").replace("/", ""))
    name = tile_name(row, number, size)
    return name is not None and name[0] == path and (row not in ("entries", 0) or number * WIDTH >= first)


def is_earlier(path, size):
    """Whether a path names a checkpoint, or a tile that was not full, of a tree that the log grew from."""
    if re.fullmatch(r"checkpoints/(0|[1-9][0-9]*)|timestamps/(0|[1-9][0-9]*)\.[a-z0-9-]+\.tsr", path, re.ASCII):
        return True
    match = re.fullmatch(r"(tile/(entries|[0-7])/((?:x\d{3}/)*\d{3}))\.p/([1-9][0-9]*)", path, re.ASCII)
    if not match:
        return False
    row, number = match[2] if match[2] == "entries" else int(match[2]), int(match[3].replace("x", "").replace("/", ""))
    name = tile_name(row, number, size)
    return name is not None and tile_path(row, number, WIDTH) == match[1] and int(match[4]) < name[1]


def first_roots(log, wanted, size):
    """As `first_root`, for each of some rising counts of leaves."""
    levels, number = [[] for _ in range(9)], 0
    for old in wanted:
        while number * WIDTH < old:
            hashes = log.hashes(tile_name(0, number, size))
            levels[0] = hashes and hashes[:old - number * WIDTH]
            if not hashes or len(levels[0]) < WIDTH:
                break
            row, number = 0, number + 1
            while len(levels[row]) == WIDTH:
                levels[row + 1].append(tree_root(levels[row]))
                levels[row], row = [], row + 1
        yield None if levels[0] is None else edge_root(levels)
        levels[0] = []


def check_checkpoints(log, sizes, key, size, findings):
    """Checkpoints of trees that the log grew from: each must be signed, and of this log."""
    roots = dict(zip(sizes, first_roots(log, [old for old in sizes if old <= size], size)))
    for old in sizes:
        path = f"checkpoints/{old}"
        try:
            signed, root = open_checkpoint(log.file(path, 65536), key)
            if signed != old or signed > size:
                raise Bad("it covers more leaves than the log, or others than its name says")
            if roots[old] is not None and roots[old] != root:
                raise Bad("another tree of this size was signed: the log was rewritten")
        except Bad as problem:
            findings.blame("checkpoint", str(problem), path=path)


def check_stamp(log, path, key, size, findings):
    """A timestamp (RFC 3161): openssl says whether the authority signed it, and whether it is of this checkpoint."""
    of = path.split("/")[1].split(".")[0]
    if Findings.tsa is None:
        return findings.notes.append(f"{path} was not checked: give the authority's certificate with --tsa")
    try:
        signed = log.file("checkpoint" if of == str(size) else f"checkpoints/{of}", 65536)
        if signed is None:
            raise Bad("the checkpoint that it is of is missing")
        digest = hashlib.sha256(open_note(signed, key).encode()).hexdigest()
        with tempfile.NamedTemporaryFile() as file:
            file.write(log.file(path, 65536))
            file.flush()
            command = ["openssl", "ts", "-verify", "-digest", digest, "-in", file.name, "-CAfile", Findings.tsa]
            if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
                raise Bad("the authority did not sign this, or it is of something else")
            show = ["openssl", "ts", "-reply", "-text", "-in", file.name]
            text = subprocess.run(show, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        when = re.search(r"Time stamp: (.*)", text)
        findings.notes.append(f"{of} leaves were stamped: {when[1] if when else 'some time'} ({path})")
    except Bad as problem:
        findings.blame("timestamp", str(problem), path=path)


def check_earlier(log, paths, key, size, findings):
    """Files of trees that the log grew from: they must be beginnings of it."""
    check_checkpoints(log, sorted(int(path[12:]) for path in paths if path.startswith("checkpoints/")), key, size, findings)
    for path in (path for path in paths if path.startswith("timestamps/")):
        check_stamp(log, path, key, size, findings)
    for path in (path for path in paths if path.startswith("tile/")):
        data, width, whole = log.file(path, WIDTH * 65537), int(path.rsplit("/", 1)[1]), path.rsplit(".p/", 1)[0]
        row, number = whole.split("/")[1], int("".join(whole.split("/")[2:]).replace("x", ""))
        now = log.file(tile_name(row if row == "entries" else int(row), number, size)[0], WIDTH * 65537)
        leaves, rest = split_bundle(data, width)
        fits = (len(leaves) == width and not rest) if row == "entries" else len(data) == 32 * width
        if now is not None and not (fits and now.startswith(data)):
            findings.blame("tile", "it is of a tree that this log did not grow from", path=path)


def split_bundle(data, width):
    """The leaves of a bundle, each after its length in two bytes, and what is left over."""
    leaves, at = [], 0
    while len(leaves) < width and at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        if end > len(data):
            break
        leaves.append(data[at + 2:end])
        at = end
    return leaves, data[at:]


# ---- Do the bytes lead to the signed root? -------------------------------------------------------------------------

class Tree:
    def __init__(self, log, size, root, findings):
        self.log, self.size, self.root, self.findings, self.levels = log, size, root, findings, []

    def authentic(self, row, number, hashes):
        """Whether a stored tile leads to the signed root through the stored tiles above it."""
        while len(hashes) == WIDTH:
            name = tile_name(row + 1, number // WIDTH, self.size)
            above = self.log.hashes(name) if name else None
            if above is None or above[number % WIDTH] != tree_root(hashes):
                return False
            row, number, hashes = row + 1, number // WIDTH, above
        names = [tile_name(row, row_tiles(row, self.size)[0], self.size) for row in range(8)]
        edge = [self.log.hashes(name) if name else [] for name in names]
        return None not in edge and edge_root(edge) == self.root

    def stored(self, row, number):
        name = tile_name(row, number, self.size)
        hashes = self.log.hashes(name)
        if hashes is None:
            there = self.log.file(name[0], WIDTH * 32) is not None
            self.findings.blame("tile" if there else "missing_file", "missing or of the wrong length", path=name[0])
        return hashes

    def push(self, row, hashes):
        while row >= len(self.levels):
            self.levels.append([0, []])
        level = self.levels[row]
        level[1] += hashes
        if len(level[1]) == WIDTH:
            full = self.compare(row, level[0], level[1])
            self.levels[row] = [level[0] + 1, []]
            self.push(row + 1, [tree_root(full)])

    def take_over(self, bundles):
        """Takes the roots of bundles whose leaves are not there from the tiles above them."""
        self.levels.append([bundles, []])
        for number in range(-(-bundles // WIDTH)):
            stored = self.stored(1, number)
            if stored is None:
                return False
            self.push(1, stored[:bundles - number * WIDTH])
        return True

    def compare(self, row, number, rebuilt):
        name = tile_name(row, number, self.size)
        if not rebuilt or name is None:
            return rebuilt
        stored = self.log.hashes(name) if row == 0 else self.stored(row, number)
        if stored is None or stored == rebuilt:
            return rebuilt
        if not self.authentic(row, number, stored):
            self.findings.blame("tile", "its hashes do not lead to the signed root", path=name[0])
            return rebuilt
        at = next(i for i in range(len(stored)) if stored[i] != rebuilt[i])
        first = (number * WIDTH + at) * WIDTH**row
        self.findings.blame("entry", "this leaf or a later one below the same tile is not what was signed", first)
        return stored

    def finish(self):
        edge = [self.compare(row, number, hashes) for row, (number, hashes) in enumerate(self.levels)]
        if edge_root(edge) != self.root:
            self.findings.blame("root", "the leaves do not lead to the signed root", path="checkpoint")


def check_tree(log, size, root, findings, first_leaf=0, observe=None):
    tree, meaning, missing, number = Tree(log, size, root, findings), Meaning(findings, first_leaf), 0, first_leaf // WIDTH
    complete = number == 0 or tree.take_over(number)
    while tile_name("entries", number, size) is not None:
        path, width = tile_name("entries", number, size)
        first, data = number * WIDTH, log.file(path, WIDTH * (LEAF_MAX + 2))
        if data is None:
            missing += 1
            findings.blame("missing_file", "missing, with its leaves", first, path)
            if missing > LISTED:
                return
        leaves, rest = split_bundle(data or b"", width)
        hashes = [leaf_hash(leaf) for leaf in leaves]
        stored, good = tree.stored(0, number), len(leaves)
        if stored is not None and stored != hashes and tree.authentic(0, number, stored):
            good = next((i for i, pair in enumerate(zip(stored, hashes)) if pair[0] != pair[1]), len(hashes))
            hashes = stored
        if good < width and data is not None:
            findings.blame("entry", "its bytes are not those that were signed, or it is missing", first + good)
        elif rest:
            findings.blame("extra_file", "there are bytes after the last leaf", path=path)
        for at in range(good if meaning else 0):
            leaf = meaning.check(first + at, leaves[at], hashes[at].hex())
            if observe and leaf:
                observe(first + at, leaf, hashes[at])
        meaning = meaning if good == width else None
        complete = complete and len(hashes) == width
        if complete:
            tree.push(0, hashes)
        number += 1
    if complete:
        tree.finish()
    if meaning:
        meaning.finish()


# ---- One leaf: docs/log-format.md, canonical JSON of RFC 8785 -------------------------------------------------------

def integer(low=0):
    return lambda value: type(value) is int and low <= value <= INT_MAX


def text(pattern=None):
    return lambda value: isinstance(value, str) and (pattern is None or pattern.fullmatch(value) is not None)


def word(*words):
    return lambda value: isinstance(value, str) and value in words


def list_of(check):
    return lambda value: isinstance(value, list) and all(map(check, value))


def record(required, **optional):
    def check(value):
        return (isinstance(value, dict) and required.keys() <= value.keys()
                and all((required.get(key) or optional.get(key) or (lambda _: False))(value[key]) for key in value))
    return check


def is_time(value):
    try:
        return isinstance(value, str) and TIME.fullmatch(value) is not None \
            and datetime.fromisoformat(value[:26]) is not None
    except ValueError:
        return False


HASH, ID, ANY, FULL = text(HEX), text(UUID), text(), text(re.compile(r".+", re.DOTALL))
SUBJECT = record({"id": ANY, "issuer": ANY})
MEMBERS = {
    "v": lambda value: type(value) is int and value == 1, "id": text(UUID7), "type": ANY, "ts": is_time,
    "lane": ID, "lane_seq": integer(), "lane_prev": HASH,
    "actor": record({"kind": word("human", "service", "agent", "anonymous", "gateway", "canary")}, id=FULL, issuer=ANY,
                    token=HASH, on_behalf_of=lambda value: list_of(SUBJECT)(value) and value != []),
    "approval": record({"id": ID}, leaf=HASH), "call": ID, "context": HASH,
    "decision": record({"effect": word("allow", "deny", "hold"), "policies": list_of(ANY), "policy_set": HASH},
                       approval=record({"id": ID, "leaf": HASH})),
    "definition": HASH, "detail": lambda value: isinstance(value, dict) and is_shallow(value), "forwarded": HASH, "frame": integer(),
    "frames": record({"count": integer(), "digest": HASH}),
    "kind": word("request", "notification", "response", "stream"), "method": FULL,
    "outcome": record({"status": word("ok", "tool_error", "upstream_error", "timeout", "cancelled", "caller_gone")},
                      code=integer(-INT_MAX)),
    "payload": record({"bytes": integer(), "commitment": HASH}),
    "redactions": lambda value: isinstance(value, dict) and value != {} and all(
        TOKEN.fullmatch(name) and integer()(count) for name, count in value.items()),
    "refusal": text(TOKEN), "server": FULL, "session": ID, "statement": lambda value: isinstance(value, dict),
    "target": record({"kind": word("tool", "resource", "prompt", "task", "other")}, id=HASH, name=ANY),
}
ALWAYS = {"v", "id", "type", "ts", "lane", "lane_seq", "lane_prev"}
ABOUT = "context decision definition detail kind method payload redactions server session statement target"
ADMIN = ("actor detail", "approval context server session")
DECIDED = ("actor approval", ABOUT + " call forwarded")
RULES = {  # type: (required, optional)
    "auth.failed": ("actor refusal", "call context detail method server session"),
    "call.intent": ("actor call decision method", ABOUT + " forwarded"),
    "call.denied": ("actor call refusal", ABOUT),
    "call.frame": ("call frame payload", "actor detail forwarded kind method redactions server session"),
    "call.outcome": ("call outcome", "actor detail frames kind method payload redactions refusal server session"),
    "call.orphaned": ("call", "actor detail frames method server session"),
    "approval.requested": ("actor approval call", ABOUT + " forwarded"),
    "approval.approved": DECIDED, "approval.rejected": DECIDED,
    "approval.expired": ("approval", "actor call detail server session"),
    "approval.used": ("approval call", "actor detail forwarded server session"),
    **dict.fromkeys("breakglass.proposed breakglass.entered breakglass.exited".split(), (
        "actor approval detail", "context payload redactions server session")),
    "breakglass.used": ("actor approval call", "detail server session target"),
    **dict.fromkeys("policy.proposed policy.published config.changed key.created key.rotated key.revoked "
                    "passkey.registered passkey.removed evidence.exported retention.deleted "
                    "hold.set hold.cleared "
                    "review.started review.decided review.applied review.closed canary.checked".split(), ADMIN),
    "tools.changed": ("detail server", "actor context definition payload redactions target"),
    "session.ended": ("actor session", "context detail payload redactions server"),
    "audit.gap": ("detail", "actor call server session"),
    "recording.viewed": ("actor", "call context detail session"),
    **dict.fromkeys(("gateway.started", "log.genesis", "log.seal"), ("detail", "actor")),
    **dict.fromkeys(("gateway.stopped", "log.heartbeat"), ("", "actor detail")),
}


def is_shallow(value):
    """Whether objects and lists lie in each other at most 127 deep, this one counted."""
    layer = [value]
    for _ in range(127):
        layer = [inner for outer in layer for inner in (outer.values() if isinstance(outer, dict) else outer)
                 if isinstance(inner, (dict, list))]
        if not layer:
            return True
    return False


def canonical(value):
    """RFC 8785 for everything but fractions: members sorted by their UTF-16 code units."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if type(value) is int and abs(value) > INT_MAX:
        raise Bad("integer beyond 2^53")
    return json.dumps(value, ensure_ascii=False)


def whole(digits):
    number = int(digits)
    if abs(number) > INT_MAX:
        raise Bad("integer beyond 2^53")
    return number


def is_canonical(value, data):
    """Whether the bytes are the value's one spelling."""
    if data.isascii():
        # Members sorted by code points are sorted by code units, and the standard library escapes as the RFC does.
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == data
    return canonical(value).encode("utf-8") == data


def no_fraction(_):
    raise Bad("a fraction")


def decode(data):
    if len(data) > LEAF_MAX:
        raise Bad("larger than 16384 bytes")
    try:
        leaf = json.loads(data.decode("utf-8"), parse_int=whole, parse_float=no_fraction, parse_constant=no_fraction)
        # Canonical text has no member twice: it would not come out again.
        if not isinstance(leaf, dict) or not is_canonical(leaf, data):
            raise Bad("not a record in canonical JSON")
    except (ValueError, RecursionError):
        raise Bad("not JSON in UTF-8")
    for name, value in leaf.items():
        if name not in MEMBERS or not MEMBERS[name](value):
            raise Bad("unknown member, or a value of the wrong form")
    if not ALWAYS <= leaf.keys() or leaf["type"] not in RULES:
        raise Bad("unknown type, or an obligatory member is missing")
    required, optional = (set(names.split()) for names in RULES[leaf["type"]])
    if not required <= leaf.keys() - ALWAYS <= required | optional:
        raise Bad(f"a `{leaf['type']}` leaf lacks a member or has one too many")
    actor, approval, target = leaf.get("actor", {}), leaf.get("approval"), leaf.get("target")
    if ((leaf["lane_seq"] == 0) != (leaf["lane_prev"] == ZERO)
            or target and ("name" in target) == ("id" in target)
            or actor.get("kind") in ("human", "service", "agent") and "id" not in actor
            or approval and ("leaf" in approval) == (leaf["type"] in ("approval.requested", "breakglass.proposed"))):
        raise Bad("members that contradict each other")
    return leaf


# ---- What the leaves say ----------------------------------------------------------------------------------------------

def subject(actor):
    return (actor["id"], actor.get("issuer", "")) if actor and "id" in actor else None


def people(actor):
    """An actor and everyone it acts for: none of them is a second person to another."""
    chain = [(other["id"], other["issuer"]) for other in (actor or {}).get("on_behalf_of", [])]
    return {person for person in [subject(actor)] + chain if person}


def asked(leaf):
    return [subject(leaf.get("actor"))] + [leaf.get(name) for name in ("server", "method", "target", "definition")]


# Break-glass lasts so long at most; a call that was let go before its end may be on record so long after it.
BREAKGLASS_S_MAX, GRACE = 4 * 60 * 60, 5_000_000


def reach(said):
    """Whose calls of what break-glass is for, and for how many seconds: servers, tools, people, seconds."""
    found = [said.get(name, []) for name in ("servers", "tools", "people")] + [said.get("seconds", 0)]
    fits = all(map(list_of(ANY), found[:3])) and type(found[3]) is int
    return found if fits else [[], [], [], 0]


def facts(leaf):
    """How many must approve, and what they were shown: text, or nothing that counts."""
    quorum, binding = (leaf.get("detail", {}).get(name) for name in ("quorum", "binding"))
    return quorum if type(quorum) is int and quorum >= 0 else 1, binding if isinstance(binding, str) else None


# ---- Passkeys: www.w3.org/TR/webauthn-3, sections 5.8.1, 6.1, 7.2 ------------------------------------------------------

P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
RSA = re.compile(rb"0\x82..0\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82..\x000\x82..\x02\x82..(.*)"
                 rb"\x02\x03\x01\x00\x01", re.DOTALL)
ASSERTION = record({name: ANY for name in "credential key authenticator_data client_data signature rp_id origin".split()})


def unbase64url(text, most):
    if not re.fullmatch("[A-Za-z0-9_-]+", text, re.ASCII):
        raise Bad("malformed")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text or len(data) > most:
        raise Bad("malformed")
    return data


class Members(list):
    """The members of an object as they are written: names may stand twice."""


def is_passkey(spki):
    match = RSA.fullmatch(spki)
    return (len(spki) == 44 and spki.startswith(ED25519) or len(spki) == 91 and spki.startswith(P256)
            or match is not None and 2048 <= int.from_bytes(match[1], "big").bit_length() <= 4096)


def check_assertion(said, challenge):
    """Whether a passkey signed the challenge on a page of its origin, by somebody who was present and verified."""
    if not ASSERTION(said):
        raise Bad("malformed")
    unbase64url(said["credential"], 1023)
    client, device, signature, key = (unbase64url(said[name], most) for name, most in (
        ("client_data", 2048), ("authenticator_data", 512), ("signature", 512), ("key", 600)))
    try:
        members = json.loads(client.decode("utf-8"), object_pairs_hook=Members)
    except (ValueError, RecursionError):
        raise Bad("client data")
    names = [name for name, _ in members] if isinstance(members, Members) else []
    if not names or any(names.count(name) > 1 for name in ("type", "challenge", "origin", "crossOrigin", "topOrigin")):
        raise Bad("client data")
    seen = dict(members)
    wanted = {"type": "webauthn.get", "origin": said["origin"],
              "challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("=")}
    if any(seen.get(name) != value for name, value in wanted.items()):
        raise Bad("made for another challenge, page or purpose")
    if not (seen.get("crossOrigin") is None or seen["crossOrigin"] is False) or seen.get("topOrigin") is not None:
        raise Bad("made inside a page of another origin")
    flags = device[32] if len(device) >= 37 else 0
    if len(device) < 37 or flags & 24 == 16 or (len(device) > 37) != bool(flags & 192):
        raise Bad("authenticator data")
    if device[:32] != hashlib.sha256(said["rp_id"].encode()).digest() or flags & 5 != 5:
        raise Bad("made for another website, or by nobody who was verified")
    if not is_passkey(key) or not signature_ok(key, device + hashlib.sha256(client).digest(), signature):
        raise Bad("the signature does not verify")


# ---- Epochs: docs/log-format.md ---------------------------------------------------------------------------------------

ORIGIN = re.compile(r"(.+/audit)/([1-9][0-9]{0,19})", re.ASCII | re.DOTALL)
OPTIONAL = lambda check: lambda value: value is None or check(value)
COUNT = lambda value: type(value) is int and 0 <= value < 2**64
GENESIS = lambda value: lenient(value, {"origin": ANY, "key": OPTIONAL(ANY), "reason": OPTIONAL(ANY), "previous": OPTIONAL(
    lambda value: lenient(value, {"checkpoint": ANY, "key": ANY, "loss": OPTIONAL(lambda value: lenient(value, {
        "anchor": OPTIONAL(ANY), "open_calls": COUNT, "unsigned": COUNT}, {"open_calls": 0, "unsigned": 0}))}))})
SEAL = lambda value: lenient(value, {"reason": ANY, "next_key": OPTIONAL(ANY)})
ERASURE = lambda value: lenient(value, {"rule": ANY, "days": COUNT, "server": OPTIONAL(ANY), "before": is_time,
    "bodies": COUNT, "contexts": COUNT, "approvals": COUNT, "lanes": list_of(lambda lane: lenient(lane, {"lane": ID, "ranges": list_of(
        lambda ends: isinstance(ends, list) and len(ends) == 2 and all(map(COUNT, ends)))}))}, {"contexts": 0, "approvals": 0})
HOLD = lambda value: lenient(value, {"name": ANY, "server": OPTIONAL(ANY), "actor": OPTIONAL(ANY), "session": OPTIONAL(ID),
    "since": OPTIONAL(is_time), "until": OPTIONAL(is_time), "set": is_time, "cleared": OPTIONAL(is_time)})


def second(ts):
    """Seconds since 1970, as they are remembered of leaves: in 32 bits, and never none."""
    return min(max(micros(ts) // SECOND, 1), 2**32 - 1)


def hold_blocks(said):
    """The seconds that a hold keeps for certain, in blocks of a power of two: the power, and which block of that size."""
    start = -(-micros(said["since"]) // SECOND) if said.get("since") else 0
    until = min(micros(said["until"]) // SECOND, 2**32) if said.get("until") else 2**32
    size = 0
    while start < until:
        if start & 1:
            yield size, start
            start += 1
        if until & 1:
            until -= 1
            yield size, until
        start, until, size = start >> 1, until >> 1, size + 1


class Holds:
    """Legal holds in force, found by what they are restricted to and by blocks of seconds: no question looks at every hold."""

    def __init__(self):
        # Names by number; what was set under a name, which counts until the name is lifted; names that are over.
        self.names, self.known, self.over, self.scopes, self.number, self.steps = {}, {}, set(), {}, 0, 0

    @staticmethod
    def scope(said):
        return said.get("server"), said.get("session"), said.get("actor")

    def set(self, said):
        name = said["name"]
        if name in self.over:
            return
        self.number += 1
        self.names[self.number] = name
        self.known.setdefault(name, []).append((self.number, said))
        blocks = self.scopes.setdefault(self.scope(said), {})
        for block in hold_blocks(said):
            blocks.setdefault(block, {})[self.number] = None

    def lift(self, name):
        """Ends the holds of a name; whether any was ever set."""
        known = name in self.over or name in self.known
        for number, said in self.known.pop(name, []):
            del self.names[number]
            blocks = self.scopes[self.scope(said)]
            for block in hold_blocks(said):
                del blocks[block][number]
                if not blocks[block]:
                    del blocks[block]
            if not blocks:
                del self.scopes[self.scope(said)]
        self.over.add(name)
        return known

    @staticmethod
    def last(numbers):
        """The greatest number. Numbers only grow, so it stands last; taking it out and putting it back passes over what was
        deleted once, and not at each question."""
        if not numbers:
            return 0
        number, value = numbers.popitem()
        numbers[number] = value
        return number

    def keeping(self, exchange):
        """The name of the hold that keeps an exchange; of several, the one set last."""
        if not self.scopes:
            return None
        (server, session, parties), began = exchange
        found = 0
        for scope in itertools.product({None, server}, {None, session}, {None, *parties}):
            self.steps += 1
            blocks = self.scopes.get(scope)
            if blocks is not None:
                self.steps += 33
                found = max(found, *(self.last(blocks.get((size, began >> size))) for size in range(33)))
        return self.names.get(found)


def there(after, place):
    """The first place from this one on of which the body is there: what was passed over once is passed over in few steps."""
    while place < len(after) and after[place] != place:
        after[place] = place = after[after[place]] if after[place] < len(after) else after[place]
    return place


def apart(lanes):
    """Whether ranges are few enough, ascending and apart."""
    each = [end for lane in lanes for end in lane["ranges"]]
    return len(each) <= 300 and all(first <= last for first, last in each) and all(
        one[1] < after[0] for lane in lanes for one, after in zip(lane["ranges"], lane["ranges"][1:]))


def lenient(value, checks, defaults={}):
    """Whether the members that are known are as they should be; others may be there."""
    return isinstance(value, dict) and all(check(value.get(name, defaults.get(name))) for name, check in checks.items())


def parse_origin(origin):
    match = ORIGIN.fullmatch(origin)
    return (match[1], int(match[2])) if match and int(match[2]) < 2**64 else None


def open_previous(previous, note):
    """Size and root of a checkpoint that a genesis embeds, or nothing; which epoch it is of."""
    try:
        key = parse_key(previous["key"])
        return open_checkpoint(note.encode(), key) + (key[0],)
    except Bad:
        return None


def genesis_fault(genesis, origin, key_text):
    if genesis["origin"] != origin or genesis.get("key") not in (None, key_text):
        return "log.genesis begins another log, or states another key, than the checkpoint"
    number, previous = parse_origin(origin), genesis.get("previous")
    if number is None:
        return None
    if (previous is None) != (number[1] == 1):
        return "log.genesis does not say which epoch it continues, or the first one continues another"
    if previous is None:
        return None
    last = open_previous(previous, previous["checkpoint"])
    if last is None or parse_origin(last[2]) != (number[0], number[1] - 1):
        return "the checkpoint that log.genesis embeds does not verify, or is not of the epoch before"
    declared = (previous.get("loss") or {}).get("anchor")
    anchor = open_previous(previous, declared) if declared is not None else None
    if declared is not None and (anchor is None or anchor == last):
        return "the checkpoint that log.genesis declares lost does not verify, or is not lost"
    return None


def seal_fault(seal, origin):
    named, number = seal.get("next_key"), parse_origin(origin)
    if named is None:
        return None
    try:
        name = parse_key(named)[0]
    except Bad:
        return "what log.seal names as the next key is no key"
    return None if number is None or name == f"{number[0]}/{number[1] + 1}" else "log.seal names a key of another epoch"


def rule_of(said):
    return said["rule"] + (f" of {said['server']}" if said.get("server") else "") + f", {said['days']} days"


def is_rule_for(said, leaf, is_privileged):
    """Whether a rule is one for the body of a leaf, as far as the leaf says so: what follows the beginning of a call has the
    rule of its call, of which it says neither whether that is privileged nor the server."""
    begins = leaf["type"] in ("call.intent", "call.denied")
    if "call" in leaf and not begins:
        return said["rule"] in ("privileged", "ordinary")
    return said.get("server") in (None, leaf.get("server")) and (
        said["rule"] == "privileged" or said["rule"] == "ordinary" and begins and not is_privileged())


def is_due(said, ts):
    """Whether what is older than a leaf that erases says may be gone at its time."""
    kept = datetime.fromisoformat(ts[:-1]) - datetime.fromisoformat(said["before"][:-1])
    return kept >= timedelta(days=min(said["days"], 10**7))


class Meaning:
    def __init__(self, findings, first=0):
        self.findings, self.lanes, self.calls, self.approvals, self.sealed = findings, {}, {}, {}, False
        self.passkeys, self.windows = {}, {}
        # Of each lane the sequences of leaves with a body, when they were written and what they are part of, and where the
        # next is that is there; where each lane begins. Exchanges that are open; legal holds.
        self.bodies, self.begun = {}, {}
        self.open, self.whose, self.holds = {}, {}, Holds()
        # Lanes, calls and approvals may have begun before a slice of the log.
        self.sliced = first > 0

    def check(self, index, data, digest):
        self.findings.read += 1
        try:
            leaf = decode(data)
        except Bad as problem:
            return self.findings.blame("leaf", str(problem), index)
        event, call = leaf["type"], leaf.get("call")
        self.findings.counts[event] = self.findings.counts.get(event, 0) + 1
        blame = lambda kind, reason: self.findings.blame(kind, reason, index)
        if (index == 0) != (event == "log.genesis"):
            blame("epoch", "the first leaf of a log, and only that, must be log.genesis")
        if self.sealed:
            blame("epoch", "the log goes on after it was sealed")
        self.sealed = self.sealed or event == "log.seal"
        if event == "log.genesis" and index == 0 and "detail" in leaf:
            self.check_epoch("genesis", leaf["detail"], GENESIS, lambda found: genesis_fault(
                found, self.findings.origin, self.findings.key), blame)
        elif event == "log.seal" and "detail" in leaf:
            self.check_epoch("seal", leaf["detail"], SEAL, lambda found: seal_fault(found, self.findings.origin), blame)
        self.check_lane(leaf, digest, blame)
        self.begun.setdefault(leaf["lane"], leaf["lane_seq"])
        exchange = self.exchange(leaf, event, call)
        if "payload" in leaf:
            body = (leaf["lane_seq"], (second(leaf["ts"]), exchange))
            lane = self.bodies.setdefault(leaf["lane"], ([], [], []))
            for kept, value in zip(lane, body + (len(lane[0]),)):
                kept.append(value)
        if event == "call.intent":
            self.check_grant(leaf, blame)
            if leaf["decision"]["effect"] == "deny":
                blame("call", f"call {call} was forwarded although the policy denied it")
            if call in self.calls:
                blame("call", f"call {call} has an intent already")
            self.calls[call] = {"leaf": index, "lane": leaf["lane"], "frames": 0, "digest": hashlib.sha256()}
        elif event == "call.denied" and call in self.calls:
            blame("call", f"call {call} was denied although it was forwarded")
        elif event == "call.frame":
            self.add_frame(leaf, blame)
        elif event in ("call.outcome", "call.orphaned"):
            self.end_call(leaf, blame)
        elif event.startswith("passkey."):
            self.check_passkey(leaf, event, blame)
        elif event.startswith("approval."):
            self.check_approval(leaf, digest, blame)
        elif event.startswith("breakglass."):
            self.check_breakglass(leaf, digest, blame)
        elif event == "retention.deleted":
            self.erase(leaf, blame)
        elif event in ("hold.set", "hold.cleared"):
            self.hold(leaf, event, blame)
        elif event in ("gateway.stopped", "log.seal"):
            for name, state in self.calls.items():
                if (event == "log.seal" or state["lane"] == leaf["lane"]) and not state.get("blamed"):
                    state["blamed"] = True
                    blame("call", f"{event}, but call {name} of leaf {state['leaf']} never ended")
        return leaf

    def check_epoch(self, what, detail, form, fault, blame):
        found = detail if form(detail) else None
        problem = fault(found) if found is not None else f"what log.{what} says is malformed"
        if problem:
            blame("epoch", problem)
        setattr(self.findings, what, found)

    def check_lane(self, leaf, digest, blame):
        lane = self.lanes.get(leaf["lane"])
        if lane is None and self.sliced and leaf["lane_seq"] > 0:
            lane = (leaf["lane_seq"], leaf["lane_prev"], False)
        seq, last, stopped = lane or (0, ZERO, True)
        if leaf["lane_seq"] != seq or leaf["lane_prev"] != last:
            blame("lane", f"lane {leaf['lane']} does not continue from its previous leaf")
        elif stopped and leaf["type"] not in ("gateway.started", "log.genesis"):
            blame("lane", f"lane {leaf['lane']} does not begin with gateway.started or log.genesis")
        self.lanes[leaf["lane"]] = (leaf["lane_seq"] + 1, digest, leaf["type"] == "gateway.stopped")

    def exchange(self, leaf, event, call):
        """What a leaf is part of: an answer belongs to its question, everything else to itself."""
        if event == "call.frame":
            return self.open.get(call)
        if event in ("call.outcome", "call.orphaned"):
            return self.open.pop(call, None)
        if "payload" not in leaf and event != "call.intent":
            return None
        actor = leaf.get("actor", {})
        parties = ([actor["id"]] if "id" in actor else []) + [other["id"] for other in actor.get("on_behalf_of", [])]
        whose = (leaf.get("server"), leaf.get("session"), tuple(parties))
        found = (self.whose.setdefault(whose, whose), second(leaf["ts"]))
        if event == "call.intent":
            self.open[call] = found
        return found

    def hold(self, leaf, event, blame):
        """A legal hold begins or ends."""
        said = leaf.get("detail")
        if not HOLD(said):
            return blame("retention", f"what {event} says is malformed")
        if event == "hold.set":
            self.holds.set(said)
        elif not self.holds.lift(said["name"]) and not self.continues():
            blame("retention", "a hold is lifted that nobody set")

    def erase(self, leaf, blame):
        """Takes out the bodies that a leaf says were erased; each must have been there, and old enough."""
        said = leaf.get("detail")
        if not ERASURE(said) or not apart(said["lanes"]):
            return blame("retention", "what retention.deleted says is malformed")
        gone, partly, before, held, exchanges = [], False, micros(said["before"]) // SECOND, {}, {}
        for lane in said["lanes"]:
            seqs, times, after = self.bodies.get(lane["lane"], ([], [], []))
            for first, last in lane["ranges"]:
                partly = partly or first < self.begun.get(lane["lane"], INT_MAX)
                place, end = bisect.bisect_left(seqs, first), bisect.bisect_right(seqs, last)
                while (place := there(after, place)) < end:
                    gone.append(times[place])
                    times[place], after[place] = None, place + 1
        # To the second.
        if not is_due(said, leaf["ts"]) or any(written > before for written, _ in gone):
            blame("retention", f"bodies were erased before the {said['days']} days of their rule were over")
        for _, exchange in gone:
            exchanges[exchange] = exchanges.get(exchange, 0) + 1
        # An exchange may have a million bodies, and is asked about once.
        for exchange, bodies in exchanges.items():
            hold = self.holds.keeping(exchange) if exchange else None
            if hold is not None:
                held[hold] = held.get(hold, 0) + bodies
        for name, bodies in held.items():
            blame("retention", f"{bodies} bodies were erased although the legal hold {name} kept them")
        if self.holds.names and (said.get("contexts") or said.get("approvals")):
            name = self.holds.names[self.holds.last(self.holds.names)]
            blame("retention", f"who called was erased although the legal hold {name} was in force")
        if len(gone) != said["bodies"] and not (self.continues() and partly and len(gone) < said["bodies"]):
            blame("retention", f"{said['bodies']} bodies are said to be erased, and {len(gone)} were there")
        if said["bodies"] == 0:
            return
        rule = rule_of(said)
        self.findings.erased[rule] = self.findings.erased.get(rule, 0) + said["bodies"]

    def add_frame(self, leaf, blame):
        state = self.calls.get(leaf["call"])
        if state is None and self.sliced:
            return
        if state is None:
            return blame("frame", f"call {leaf['call']} has a frame but is not open")
        if leaf["frame"] != state["frames"]:
            blame("frame", f"frame {leaf['frame']} of call {leaf['call']}, expected {state['frames']}")
        state["frames"] += 1
        state["digest"].update(bytes.fromhex(leaf["payload"]["commitment"]))

    def end_call(self, leaf, blame):
        state, frames = self.calls.pop(leaf["call"], None), leaf.get("frames")
        if state is None and self.sliced:
            return
        if state is None:
            return blame("call", f"call {leaf['call']} ends but is not open: no intent, or a second end")
        if frames and (frames["count"], frames["digest"]) != (state["frames"], state["digest"].hexdigest()):
            blame("frame", f"the frames of call {leaf['call']} are not those its end commits to")
        if not frames and state["frames"] and leaf["type"] == "call.outcome":
            blame("frame", f"the outcome of call {leaf['call']} does not commit to its frames")

    def check_passkey(self, leaf, event, blame):
        detail = leaf["detail"]
        names = ("credential", "key", "rp_id", "origin") if event == "passkey.registered" else ("credential",)
        if not all(isinstance(detail.get(name), str) for name in names):
            return blame("approval", "the passkey is malformed")
        known = self.passkeys.get(detail["credential"])
        if event == "passkey.registered":
            if known and not known["removed"]:
                blame("approval", "the passkey was registered before")
            self.passkeys[detail["credential"]] = {"whose": subject(leaf["actor"]), "removed": False,
                                                   "is": [detail[name] for name in names]}
        elif known and not known["removed"]:
            known["removed"] = True
        elif known or not self.continues():
            blame("approval", "the passkey was not registered")

    def continues(self):
        """Whether passkeys were registered, holds set and bodies recorded before the first leaf that is there."""
        return self.sliced or bool((self.findings.genesis or {}).get("previous"))

    def check_signature(self, leaf, state, blame):
        said, name = leaf.get("detail", {}).get("passkey"), leaf["approval"]["id"]
        if said is None:
            if state and state["signed"]:
                blame("approval", f"approval {name} was approved without the passkey that was asked for")
            return
        binding = state["binding"] if state and state["binding"] is not None else facts(leaf)[1] or ""
        known = self.passkeys.get(said["credential"]) if ASSERTION(said) else None
        try:
            if known and (known["removed"] or known["whose"] != subject(leaf.get("actor")) or known["is"] != [
                    said[name] for name in ("credential", "key", "rp_id", "origin")]):
                raise Bad("a passkey that was removed, somebody else's, or another key")
            if known is None and not self.continues():
                raise Bad("a passkey that was never registered")
            if not HEX.fullmatch(binding):
                raise Bad("nothing to sign")
            check_assertion(said, bytes.fromhex(binding))
        except Bad as problem:
            blame("approval", f"approval {name} was signed with a passkey, which does not count: {problem}")

    def check_approval(self, leaf, digest, blame):
        event, name, call = leaf["type"], leaf["approval"]["id"], leaf.get("call")
        if event == "approval.requested":
            if name in self.approvals:
                blame("approval", f"approval {name} was requested before")
            self.approvals[name] = {"request": digest, "asked": asked(leaf), "people": people(leaf["actor"]),
                                    "sent": leaf.get("forwarded"), "by": set(), "grants": set(), "closed": False,
                                    "used": None, "run": None, "quorum": facts(leaf)[0], "binding": facts(leaf)[1],
                                    "signed": leaf.get("detail", {}).get("signed") is not None,
                                    "policies": leaf.get("decision", {}).get("policy_set")}
            return
        state = self.approvals.get(name)
        if event == "approval.approved":
            self.check_signature(leaf, state, blame)
        if state is None and self.sliced:
            return
        if state is None:
            return blame("approval", f"approval {name} was never requested")
        answers = state["grants"] if event == "approval.used" else {state["request"]}
        if leaf["approval"]["leaf"] not in answers:
            blame("approval", f"approval {name} does not name the earlier leaf it answers")
        if event in ("approval.approved", "approval.used") and facts(leaf)[1] not in (None, state["binding"]):
            blame("approval", f"approval {name} was given or used for something else than was asked for")
        spent = state["used"] or state["run"]
        if event == "approval.approved":
            if state["closed"] or spent:
                blame("approval", f"approval {name} was approved after it was closed or used")
            approver = subject(leaf["actor"])
            if approver is None or people(leaf["actor"]) & state["people"] or approver in state["by"]:
                blame("approval", f"approval {name} was approved by its requester, by nobody, or by someone twice")
            state["by"].add(approver)
            state["grants"].add(digest)
        elif event == "approval.used":
            if state["closed"] or state["used"] or state["run"] not in (None, call):
                blame("approval", f"approval {name} was used when closed, twice, or for another call")
            state["used"] = call
        else:
            if spent:
                blame("approval", f"approval {name} was rejected or expired after it was used")
            state["closed"] = True

    def check_breakglass(self, leaf, digest, blame):
        """Two different people let held calls of others go ahead, for a time; see docs/approvals.md."""
        event, name, said = leaf["type"], leaf["approval"]["id"], leaf.get("detail", {})
        until = micros(said["until"]) if is_time(said.get("until")) else None
        wrong = lambda why: blame("approval", f"break-glass {name} {why}")
        window, by = self.windows.get(name), subject(leaf["actor"])
        fresh = {"proposed": None, "by": None, "reach": reach(said), "entered": None, "until": None, "ended": False,
                 "used": set()}
        if event == "breakglass.proposed":
            if window:
                wrong("was proposed before")
            self.windows[name] = {**fresh, "proposed": digest, "by": by}
        elif window is None and not self.sliced:
            wrong("was never proposed")
        elif event == "breakglass.entered":
            window = self.windows.setdefault(name, fresh)
            if window["entered"] or window["ended"]:
                wrong("was entered before, or after it was over")
            if window["proposed"]:
                if leaf["approval"]["leaf"] != window["proposed"] or reach(said) != window["reach"]:
                    wrong("was entered as something else than was proposed")
                if window["by"] in (None, by) or {who[0] for who in (by, window["by"]) if who} & set(window["reach"][2]):
                    wrong("was entered by whoever proposed it, or is for their own calls")
            longest = max(0, min(window["reach"][3], BREAKGLASS_S_MAX)) * SECOND + GRACE
            if by is None or until is None or until - micros(leaf["ts"]) > longest:
                wrong("was entered by nobody, does not say until when, or is for longer than was proposed")
            window["until"], window["entered"] = until, digest
        elif window and event == "breakglass.used":
            self.check_window(name, window, leaf, leaf["approval"]["leaf"], wrong)
            if leaf["call"] in window["used"]:
                wrong("was used twice for the same call")
            window["used"].add(leaf["call"])
        elif window:
            if until is None and window["entered"]:
                wrong("does not say when it ended")
            if until is not None and window["until"] is not None:
                window["until"] = min(window["until"], until)
            window["ended"] = True

    def check_window(self, name, window, leaf, named, wrong):
        servers, tools, persons, _ = window["reach"]
        actor, until = leaf.get("actor", {}), window["until"]
        for fails, why in (
                (window["entered"] is None or window["entered"] != named, "was not entered by the leaf that the call names"),
                (until is None or micros(leaf["ts"]) > until + GRACE, "was over before this call"),
                (leaf.get("server", "") not in servers and "*" not in servers, "is not for this server"),
                (tools and leaf.get("target", {}).get("name") not in tools, "is not for this tool"),
                (actor.get("id") not in persons or actor.get("on_behalf_of"), "is not for whoever called")):
            if fails:
                wrong(why)

    def check_grant(self, leaf, blame):
        grant = leaf["decision"].get("approval")
        if grant is None:
            if leaf["decision"]["effect"] == "hold":
                blame("approval", "a held call was forwarded without an approval")
            return
        if grant["id"] in self.windows:
            name, window = grant["id"], self.windows[grant["id"]]
            wrong = lambda why: blame("approval", f"break-glass {name} {why}")
            self.check_window(name, window, leaf, grant["leaf"], wrong)
            if leaf["call"] not in window["used"]:
                wrong("has no `breakglass.used` for this call")
            return window["used"].discard(leaf["call"])
        state = self.approvals.get(grant["id"])
        if state is None and self.sliced:
            return
        if state is None:
            return blame("approval", f"approval {grant['id']} was never requested before this call")
        if grant["leaf"] not in state["grants"] or state["closed"]:
            blame("approval", f"approval {grant['id']} was not given before this call, or was closed")
        if state["quorum"] > 1 and len(state["grants"]) < state["quorum"]:
            blame("approval", f"approval {grant['id']} was used with too few approvers")
        if state["run"] or state["used"] not in (None, leaf["call"]):
            blame("approval", f"approval {grant['id']} was used for another call")
        if (state["asked"] != asked(leaf) or state["sent"] not in (None, leaf.get("forwarded"))
                or state["policies"] not in (None, leaf["decision"]["policy_set"])):
            blame("approval", f"approval {grant['id']} was given for another call")
        state["run"] = leaf["call"]

    def finish(self):
        self.findings.open = [state["leaf"] for state in self.calls.values() if not state.get("blamed")]


# ---- Evidence packages: docs/evidence.md ----------------------------------------------------------------------------------

FORMAT = "countersign-evidence/1"
TEXTS, PERIOD = list_of(ANY), record({"from": is_time, "until": is_time})
LOG_PART = lambda value: record({"first": COUNT, "size": COUNT, "root": HASH})(value) and (
    value["first"] % WIDTH == 0 and value["first"] <= value["size"])
MANIFEST = record({
    "format": word(FORMAT), "origin": ANY, "created": is_time, "period": PERIOD, "servers": TEXTS, "bodies": word("opened", "sealed"),
    "log": LOG_PART, "assurance": ANY,
    "sample": OPTIONAL(record({"n": COUNT, "seed": ANY, "population": ANY})), "does_not_assert": TEXTS,
    "files": list_of(record({"path": ANY, "bytes": COUNT, "sha256": HASH}))})
CONDITION = record({"member": ANY, "one_of": TEXTS})
STEP = lambda value: isinstance(value, list) and len(value) == 2 and ANY(value[0]) and TEXTS(value[1])
SHAPE = lambda value: value == "each" or record({}, group=record({"by": TEXTS}), follow=record(
    {"by": ANY, "opens": TEXTS, "steps": list_of(STEP)}))(value) and len(value) == 1
SOURCE = lambda value: value in ("row", "last") or record({}, step=ANY, count=ANY)(value) and len(value) == 1
QUERY = record({"name": ANY, "title": ANY, "answers": ANY, "types": TEXTS, "any": list_of(list_of(CONDITION)),
                "except": list_of(CONDITION), "shape": SHAPE,
                "columns": list_of(record({"name": ANY, "member": ANY, "of": SOURCE}))})
STATEMENT = record({"format": word(FORMAT), "population": QUERY, "period": PERIOD, "servers": TEXTS, "log": LOG_PART,
                    "rows": COUNT, "leaves": COUNT, "first_index": OPTIONAL(COUNT), "last_index": OPTIONAL(COUNT),
                    "totals": list_of(record({"day": ANY, "type": ANY, "leaves": COUNT}))})
STATED_RULES = record({"format": word(FORMAT), "rules": list_of(record(
    {"name": ANY, "meaning": ANY, "types": TEXTS, "all": list_of(CONDITION)}))})
OPENED = record({"index": COUNT, "salt": HASH, "body": ANY})
MEASURE = re.compile("calls|forwarded|denied|authentication_failures|forwarded:.+", re.DOTALL)
# Which leaves each population is about. Every type is in one of them, follows a leaf of one, or is in no list of calls for
# a reason: frames belong to their call, and audit.gap is in the gap register.
ABOUT_LEAVES = {
    "calls": "call.intent call.denied", "privileged": "call.intent call.denied", "denials": "call.denied auth.failed",
    "approvals": "approval.requested",
    "masking": "call.intent call.denied call.frame call.outcome approval.requested approval.approved approval.rejected",
    "changes": "policy.proposed policy.published config.changed breakglass.proposed breakglass.entered breakglass.used breakglass.exited session.ended",
    "principals": "call.intent call.denied approval.approved approval.rejected", "tools": "call.intent call.denied",
    "definitions": "tools.changed",
    "keys": "key.created key.rotated key.revoked passkey.registered passkey.removed log.genesis log.seal",
    "retention": "retention.deleted hold.set hold.cleared", "viewing": "recording.viewed evidence.exported",
    "reviews": "review.started", "review_decisions": "review.decided", "canaries": "canary.checked",
    "availability": "log.genesis gateway.started log.heartbeat gateway.stopped log.seal",
}


def to_json(form):
    def parse(data):
        value = json.loads(data.decode("utf-8"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # Half a character cannot be written down.
        if not form(value):
            raise Bad("not of the form that it should have")
        return value
    return parse


def to_rows(head, check):
    """A file from somewhere else: its rows as lists of texts."""
    def parse(data):
        lines = [line.rstrip("\r") for line in data.decode("utf-8").split("\n")]
        if lines[0].lstrip("\ufeff") != head:
            raise Bad(f"line 1: expected the head {head!r}")
        rows = []
        for number, line in enumerate(lines[1:], 2):
            row = line.split(",")
            if line and (clean(line) != line or len(row) != head.count(",") + 1 or not check(row)):
                raise Bad(f"line {number} is not a row of {head!r}")
            rows += [row] if line else []
        return rows
    return parse


def is_count(row):
    day, source, measure, number = row
    return (len(day) == 10 and is_time(day + "T00:00:00.000000Z") and MEASURE.fullmatch(measure) is not None
            and '"' not in source and DECIMAL.fullmatch(number) is not None and int(number) < 2**64)


def is_leaver(row):
    return row[0] != "" and '"' not in row[0] and is_time(row[1])


def clean(value):
    if value.isprintable():
        return value
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in value)


def cell(value):
    """A value as text: texts as they are, lists of texts with spaces between, anything else as canonical JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return clean(" ".join(value))
    return clean(canonical(value))


def csv_line(cells):
    def quote(text):
        guard = "'" if text[:1] in ("=", "+", "@") or text[:1] == "-" and not re.fullmatch("[0-9]+", text[1:]) else ""
        return '"' + guard + text.replace('"', '""') + '"' if "," in text or '"' in text else guard + text
    return ",".join(map(quote, cells))


# A text as JSON.
encode_string = json.encoder.encode_basestring


# Paths of members, taken apart.
PATHS = {}


def member(index, leaf, digest, path):
    if path in ("index", "hash"):
        return str(index) if path == "index" else digest.hex()
    if path not in PATHS:
        PATHS[path] = [option.split(".") for option in path.split("|")]
    for option in PATHS[path]:
        value = leaf
        for name in option:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return cell(value)
    return ""


class Population:
    """A population while its filter runs again; its rows are hashed line by line."""

    def __init__(self, statement):
        self.query, self.statement = statement["population"], statement
        self.rows, self.leaves, self.ends, self.totals, self.waiting, self.groups = 0, 0, [None, None], {}, {}, {}
        self.files = {".csv": [], ".jsonl": []}
        self.files[".csv"].append(self.line(csv_line(column["name"] for column in self.query["columns"])))
        shape = self.query["shape"]
        self.follow, self.group = (shape.get("follow"), shape.get("group")) if isinstance(shape, dict) else (None, None)
        self.names = [encode_string(column["name"]) + ":" for column in self.query["columns"]]
        # Of the step a type belongs to the number.
        self.steps = {}
        for at, step in enumerate(self.follow["steps"] if self.follow else []):
            for event in step[1]:
                self.steps.setdefault(event, at)
        self.wanted = {*self.query["types"], *self.steps}

    @staticmethod
    def line(text):
        return hashlib.sha256(text.encode()).digest()[:8]

    def add(self, row):
        self.rows += 1
        self.files[".csv"].append(self.line(csv_line(row)))
        self.files[".jsonl"].append(self.line("{" + ",".join(name + encode_string(c) for name, c in zip(self.names, row)) + "}"))

    def selects(self, index, leaf, digest):
        """Whether a leaf is one that the query looks for, whenever it was written."""
        text = lambda path: member(index, leaf, digest, path)
        holds = lambda c: text(c["member"]) in c["one_of"] if c["one_of"] else text(c["member"]) != ""
        return (leaf["type"] in self.query["types"] and (not self.query["any"] or any(all(map(holds, every)) for every in self.query["any"]))
                and not any(map(holds, self.query["except"])))

    def push(self, index, leaf, digest, within):
        text = lambda path: member(index, leaf, digest, path)
        columns, event = self.query["columns"], leaf["type"]
        if self.follow:
            steps, at = self.follow["steps"], self.steps.get(event)
            row = self.waiting.get(text(self.follow["by"])) if at is not None else None
            if row:
                for i, column in enumerate(columns):
                    if column["of"] == {"step": steps[at][0]}:
                        value = text(column["member"])
                        row[1][i] += (" " if row[1][i] and value else "") + value
                if at + 1 == len(steps):
                    self.add(self.waiting.pop(text(self.follow["by"]))[1])
        if not within or not self.selects(index, leaf, digest):
            return False
        self.leaves += 1
        self.ends = [index if self.ends[0] is None else self.ends[0], index]
        day = (leaf["ts"][:10], event)
        self.totals[day] = self.totals.get(day, 0) + 1
        if self.group:
            key = tuple(text(path) for path in self.group["by"])
            row = self.groups.setdefault(key, [text(c["member"]) if c["of"] == "row" else 0 if "count" in c["of"] else ""
                                               for c in columns])
            for i, column in enumerate(columns):
                if column["of"] == "last":
                    row[i] = text(column["member"])
                elif column["of"] == {"count": event}:
                    row[i] += 1
            return True
        row = [text(c["member"]) if c["of"] == "row" else "" for c in columns]
        if self.follow and event in self.follow["opens"]:
            before = self.waiting.get(text(self.follow["by"]))
            self.waiting[text(self.follow["by"])] = (index, row)
            row = before[1] if before else None
        if row:
            self.add(row)
        return True

    def finish(self):
        for _, row in sorted(self.waiting.values(), key=lambda waiting: waiting[0]):
            self.add(row)
        for key in sorted(self.groups, key=lambda key: [part.encode() for part in key]):
            self.add([str(value) for value in self.groups[key]])
        totals = [{"day": day, "type": event, "leaves": n} for (day, event), n in sorted(self.totals.items())]
        return {"rows": self.rows, "leaves": self.leaves, "first_index": self.ends[0], "last_index": self.ends[1],
                "totals": totals}


SECOND = 1_000_000
EXCEPTION_HEAD = "rule,index,time,event,call,actor,server,what"
GAP_HEAD = "kind,from_index,to_index,from,until,seconds,explained,explanation"
TIMELINE_HEAD = "index,time,event,hash,previous,actor,by,added,changed,removed,in_period"


DAYS = {}


def micros(ts):
    """Microseconds since 1970."""
    day = ts[:10]
    if day not in DAYS:
        DAYS[day] = (datetime.strptime(day, "%Y-%m-%d") - datetime(1970, 1, 1)).days
    seconds = DAYS[day] * 86400 + int(ts[11:13]) * 3600 + int(ts[14:16]) * 60 + int(ts[17:19])
    return seconds * SECOND + int(ts[20:26])


class Exceptions:
    """What wants explaining: rules over single leaves as the package states them, seven that need memory, and `Missing`."""

    def __init__(self, rules, leavers):
        self.rules, self.leavers, self.lines, self.found = rules, leavers, [EXCEPTION_HEAD], {}
        self.types = {event for rule in rules for event in rule["types"]}
        self.clocks, self.latest, self.behind, self.used = {}, None, set(), set()
        self.withdrawn, self.callers, self.accepted, self.asked = {}, {}, {}, {}

    def clock(self, lane, now):
        own, latest = self.clocks.get(lane), self.latest
        self.clocks[lane], self.latest = now, now if latest is None else max(now, latest)
        if own is not None and own - now > SECOND:
            return ["clock_went_back"]
        if latest is not None and latest - now > 60 * SECOND:
            known = lane in self.behind
            self.behind.add(lane)
            return [] if known else ["clocks_apart"]
        self.behind.discard(lane)
        return []

    def remember(self, leaf, now):
        broken, event, detail = self.clock(leaf["lane"], now), leaf["type"], leaf.get("detail", {})
        actor, step = leaf.get("actor", {}).get("id"), leaf.get("approval", {}).get("id")
        if event.startswith("approval."):
            broken += self.approval(event, step, actor, detail)
        elif event == "tools.changed" and all(isinstance(detail.get(name), str) for name in ("accepted", "name", "by")):
            tool = (leaf["server"], detail["name"])
            if detail["by"] in self.callers.get(tool, ()):
                broken.append("drift_accepted_by_caller")
            else:
                self.accepted[tool] = detail["by"]
        elif event == "key.revoked" and isinstance(detail.get("actor"), str):
            self.withdrawn[detail["actor"]] = micros(detail["revoked"]) if is_time(detail.get("revoked")) else now
        elif event in ("call.intent", "call.denied") and actor and "server" in leaf and "name" in leaf.get("target", {}):
            tool = (leaf["server"], leaf["target"]["name"])
            self.callers.setdefault(tool, set()).add(actor)
            if self.accepted.get(tool) == actor:
                del self.accepted[tool]
                broken.append("drift_accepted_by_caller")
        if event in ("call.intent", "approval.approved", "approval.rejected"):
            if (now - self.withdrawn.get(actor, now) > 60 * SECOND or now > self.leavers.get(actor, now)):
                broken.append("acted_after_end")
        return broken

    def approval(self, event, step, actor, detail):
        if event == "approval.requested":
            quorum = detail.get("quorum")
            self.asked[step] = {"quorum": quorum if isinstance(quorum, int) else 1, "agreed": set(), "over": False}
            return []
        asked, used = self.asked.get(step), step in self.used
        if event == "approval.used":
            self.used.add(step)
            if used:
                return ["approval_used_twice"]
            short = asked and (asked["over"] or len(asked["agreed"]) < asked["quorum"])
            return ["used_without_approval"] if short else []
        if event == "approval.approved" and used:
            return ["approved_after_use"]
        if asked and event == "approval.approved":
            asked["agreed"].add(actor)
        elif asked:
            asked["over"] = True
        return []

    def push(self, index, leaf, digest, broken):
        text = lambda path: member(index, leaf, digest, path)
        holds = lambda c: text(c["member"]) in c["one_of"] if c["one_of"] else text(c["member"]) != ""
        own = leaf.get("actor", {}).get("kind") == "canary"
        single = [rule["name"] for rule in self.rules
                  if not own and leaf["type"] in rule["types"] and all(map(holds, rule["all"]))]
        for name in single + broken:
            self.found[name] = self.found.get(name, 0) + 1
            self.lines.append(self.row(name, index, leaf, text))

    @staticmethod
    def row(name, index, leaf, text):
        return csv_line([name, str(index), text("ts"), leaf["type"], text("call"), text("actor.id"), text("server"),
                         text("detail|refusal")])


class Gaps:
    """Where the log is silent for more than two and a half minutes, and what it says about why."""

    SILENCE = 150 * SECOND

    def __init__(self, period):
        self.first, self.until = period["from"], period["until"]
        self.last, self.lanes, self.lines, self.unexplained = None, {}, [GAP_HEAD], 0

    def add(self, kind, start, end, since, until, why):
        length = str((micros(until) - micros(since)) // SECOND) if since and until else ""
        self.unexplained += why is None
        self.lines.append(csv_line([kind, start, end, since, until, length, "no" if why is None else "yes",
                                    why or "the log does not say why: ask the organisation"]))

    def push(self, index, leaf, now):
        ts, event = leaf["ts"], leaf["type"]
        if self.last:
            at, since, before = self.last
            if now - micros(since) > self.SILENCE and since < self.until and ts > self.first:
                started = event == "gateway.started"
                self.add("silence", str(at), str(index), since, ts,
                         "the last gateway stopped in order, and one was started again"
                         if started and before == "gateway.stopped" else
                         "the last gateway ended without stopping in order, and one was started again" if started else
                         "evidence could not be written: see the row `blocked`" if event == "audit.gap" else None)
        elif index == 0 and now - micros(self.first) > self.SILENCE:
            self.add("beginning", "", "0", self.first, ts, "the log begins here")
        detail = {name: value for name, value in leaf.get("detail", {}).items() if isinstance(value, str)}
        kind = {"audit.gap": "blocked", "breakglass.exited": "breakglass" if "from" in detail else None}.get(event)
        if kind and self.first <= ts < self.until:
            since, until = detail.get("from", ""), detail.get("until", "")
            length = str((micros(until) - micros(since)) // SECOND) if is_time(since) and is_time(until) else ""
            self.lines.append(csv_line([kind, str(index), str(index), clean(since), clean(until), length, "yes",
                                        clean(detail.get("reason", ""))]))
        self.last = (index, max(ts, self.last[1]) if self.last else ts, event)
        self.lanes[leaf["lane"]] = (index, ts, event)

    def finish(self):
        if not self.last:
            return
        index, latest, _ = self.last
        for at, ts, event in sorted(self.lanes.values()):
            if micros(latest) - micros(ts) > self.SILENCE and event != "gateway.stopped" and self.first <= ts < self.until:
                self.add("lane", str(at), "", ts, "",
                         "this gateway ended without stopping in order: killed, or its machine failed; calls it left open "
                         "were ended as `call.orphaned`")
        if micros(self.until) - micros(latest) > self.SILENCE:
            self.add("end", str(index), "", latest, self.until,
                     "the package was made before its period ended, or nothing was written since")


def short(text):
    """A cell as the report shows it: of an object the members that hold something, and all of it to 200 characters."""
    try:
        members = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        members = None
    if isinstance(members, dict):
        shown = ((name, shown_member(members[name])) for name in sorted(members, key=str.encode))
        text = "; ".join(f"{name}: {value}" for name, value in shown if value not in ("", "{}"))
    else:
        text = shortened(text)
    text = clean(text)
    return text if len(text) <= 200 else text[:200] + "\u2026"


def shown_member(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(map(shortened, value))
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def shortened(text):
    """An identifier or an instant, shortened."""
    if len(text.encode()) >= 32 and re.fullmatch("[0-9a-fA-F-]+", text):
        return text[:8] + "\u2026"
    if re.fullmatch(r"[^T]{10}T.*Z", text, re.DOTALL) and len(text) >= 19:
        return text[:10] + " " + text[11:19]
    return text


def cells(line):
    """The cells of a line of CSV."""
    found, quoted, at = [""], False, 0
    while at < len(line):
        if line[at] == '"' and quoted and line[at + 1:at + 2] == '"':
            found[-1], at = found[-1] + '"', at + 1
        elif line[at] == '"':
            quoted = not quoted
        elif line[at] == "," and not quoted:
            found.append("")
        else:
            found[-1] += line[at]
        at += 1
    return found


def contents(tag, html):
    return [unescape(text) for text in re.findall(tag + r"[^>]*>([^<]*)", html)]


MUST_SHOW = ("rows.calls type.call.intent type.call.denied type.auth.failed rows.privileged rows.approvals rows.principals "
             "rows.tools exceptions bodies.unexplained gaps gaps.unexplained leaves log.first log.last log.size").split()


BODIES = "populations/privileged.bodies.jsonl"
WHOSE = lambda value: lenient(value, {"index": COUNT})
ERASED_HEAD = "index,time,event,call,server,commitment,state,rule,log,erased_by"


class Missing:
    """Bodies that the package should hold and does not: of samples, and of privileged calls where those are opened."""

    def __init__(self, package):
        self.package, self.lines, self.erased, self.unexplained = package, [ERASED_HEAD], 0, []
        self.opened, bare, bodies = package.opened(), set(), set()
        for path in package.listed:
            match = re.fullmatch(r"samples/(.+)/(0|[1-9][0-9]{0,19})(\.leaf\.json|\.body)", path, re.ASCII | re.DOTALL)
            if match:
                (bodies if match[3] == ".body" else bare).add((match[1], int(match[2])))
        self.bare = {index for _, index in bare - bodies}
        # Of each lane the ranges that leaves name, the last first; those taken up, of which the over are put away when they
        # stand last; up to where they were taken up. Bodies come in the order of the log, so each is looked at once.
        self.lanes, self.steps = {}, 0
        for digest, said, ts, origin, index in package.erasures():
            for lane in said["lanes"]:
                ranges = self.lanes.setdefault(lane["lane"], ([], [], [0]))[0]
                ranges += ((first, last, digest, said, ts, origin, index) for first, last in lane["ranges"])
        for ranges, _, _ in self.lanes.values():
            ranges.sort(key=lambda named: named[:3], reverse=True)

    def accounting(self, leaf, is_privileged):
        """The leaf that accounts for a body: that with the nearest range around it, since what lies within went before."""
        at = leaf["lane_seq"]
        ranges, around, reached = self.lanes.get(leaf["lane"], ([], [], [0]))
        if at < reached[0]:
            return None
        reached[0] = at
        while ranges and ranges[-1][0] <= at:
            around.append(ranges.pop())
        while around and around[-1][1] < at:
            around.pop()
            self.steps += 1
        if not around:
            return None
        _, _, _, said, ts, origin, index = around[-1]
        if micros(leaf["ts"]) // SECOND <= micros(said["before"]) // SECOND and is_due(said, ts) and is_rule_for(said, leaf, is_privileged):
            return rule_of(said), origin, index

    def push(self, index, leaf, digest, due, privileged, exceptions):
        lacks = due and self.opened is not None and index not in self.opened or index in self.bare
        if "payload" not in leaf or not lacks:
            return
        text = lambda path: member(index, leaf, digest, path)
        by = self.accounting(leaf, lambda: privileged is None or privileged.selects(index, leaf, digest))
        self.erased += by is not None
        if by is None:
            self.unexplained.append(exceptions.row("body_missing", index, leaf, text))
        self.lines.append(csv_line([str(index)] + [text(path) for path in ("ts", "type", "call", "server", "payload.commitment")]
                                   + (["erased", clean(by[0]), clean(by[1]), str(by[2])] if by else ["unexplained", "", "", ""])))

    def finish(self, exceptions):
        exceptions.lines += self.unexplained
        if self.unexplained:
            exceptions.found["body_missing"] = len(self.unexplained)
            self.package.findings.notes.append(f"{len(self.unexplained)} recorded messages are gone and no leaf says that a rule "
                                               "took them: see bodies.missing.csv")


class Package:
    """A package. `keys` are those that are trusted: one of them signed it, and leads to the key of its log."""

    def __init__(self, files, keys, given, findings):
        self.files, self.keys, self.given, self.key, self.findings, self.notes = files, keys, given, None, findings, {}
        # Keys by the log that each is of: all that lead from the one that signed to that of the log.
        self.chain = {}

    def blame(self, kind, path, reason, leaf=None):
        self.findings.blame(kind, reason, leaf, path)

    def member(self, path, limit, parse, kind="population"):
        """What a member holds; nothing, and a finding, when it is not what it should be."""
        try:
            data = Log(self.files).file(path, limit)
            return None if data is None else parse(data)
        except (Bad, ValueError, RecursionError) as problem:
            self.blame(kind, path, f"malformed: {problem}")

    def verify(self):
        data, note = (Log(self.files).file(path, 2**26) for path in ("manifest.json", "manifest.note"))
        if data is None or note is None:
            return self.blame("manifest", "manifest.json", "the manifest or its signature is missing")
        try:
            signer = split_note(note)[0].split("\n")[1:2]
            key = next((key for key in self.keys if [key[0]] == signer), None)
            if key is None:
                raise Bad(f"it is not signed by a key that was given, but by that of {signer}")
            if open_note(note, key) != f"{FORMAT}\n{key[0]}\n{hashlib.sha256(data).hexdigest()}\n":
                raise Bad("the signature is about another manifest, format or log")
        except Bad as problem:
            return self.blame("manifest", "manifest.note", str(problem))
        self.manifest = self.member("manifest.json", 2**26, to_json(MANIFEST), "manifest")
        if self.manifest is None or not self.trace(key):
            return
        self.listed = {record["path"]: record for record in self.manifest["files"]}
        self.check_files()
        self.read_log()
        self.check_before()

    def trace(self, key):
        """Follows the epochs from the one whose key signed to the one of the log: each begins with the end of the one before."""
        end, part = None, self.manifest["log"]
        self.chain[key[0]] = key
        while key[0] != self.manifest["origin"]:
            origin = parse_origin(key[0])
            if origin is None or origin[1] < 2:
                return self.blame("epoch", "trust/successors", f"no epoch before the one that signed is {self.manifest['origin']!r}")
            path = f"trust/successors/{origin[1]}"
            try:
                leaf, proof = (Log(self.files).file(path + ending, 2**17) for ending in (".leaf.json", ".tlog-proof"))
                if leaf is None or proof is None:
                    raise Bad("missing")
                check_proof(proof, leaf, 0, lambda signed: open_checkpoint(signed, key))
                genesis = decode(leaf).get("detail")
                if not GENESIS(genesis) or genesis_fault(genesis, key[0], key_text(key)) or not genesis.get("previous"):
                    raise Bad("not how this epoch began")
                end, key = open_previous(genesis["previous"], genesis["previous"]["checkpoint"]), parse_key(genesis["previous"]["key"])
                self.chain[key[0]] = key
            except (Bad, ValueError) as problem:
                return self.blame("epoch", path + ".leaf.json", str(problem))
        if end and (part["size"] > end[0] or part["size"] == end[0] and part["root"] != end[1].hex()):
            self.blame("epoch", "manifest.json", f"the epoch ended with {end[0]} leaves and another tree, says the one after it")
        self.key = choose_key(Log(Below(self.files, "log/")), key if self.given else None, self.findings)
        return self.key is not None

    def check_files(self):
        for name, plain in self.files.names():
            if not plain or name not in self.listed and name not in ("manifest.json", "manifest.note"):
                self.blame("extra_file", name, "the manifest does not list it")
        for path, record in self.listed.items():
            file = self.files.open(path)
            if file is None:
                self.blame("missing_file", path, "the manifest lists it")
                continue
            digest, size = hashlib.sha256(), 0
            with file:
                while size <= record["bytes"]:
                    chunk = file.read(65536)
                    if not chunk:
                        break
                    digest.update(chunk)
                    size += len(chunk)
            if size != record["bytes"] or digest.hexdigest() != record["sha256"]:
                self.blame("manifest", path, "changed: it is not what the signed manifest lists")

    def read_log(self):
        part, period = self.manifest["log"], self.manifest["period"]
        populations = self.stated()
        draw, keys, totals, counted, named = self.manifest["sample"], [], {}, {}, (set(), set(), set())
        rules = self.member("exceptions.query.json", 2**26, to_json(STATED_RULES)) or {"rules": []}
        exceptions, gaps, timeline = Exceptions(rules["rules"], self.leavers()), Gaps(period), [TIMELINE_HEAD]
        commitments, by_type, missing = {}, {}, Missing(self)
        for path, population in populations.items():
            for event in population.wanted:
                by_type.setdefault(event, []).append((path, population))

        def count(day, measure, n=1):
            counted[day, measure] = counted.get((day, measure), 0) + n

        def observe(index, leaf, digest):
            within, day, event = period["from"] <= leaf["ts"] < period["until"], leaf["ts"][:10], leaf["type"]
            now, detail = micros(leaf["ts"]), leaf.get("detail", {})
            gaps.push(index, leaf, now)
            broken = exceptions.remember(leaf, now)
            if within and (broken or event in exceptions.types):
                exceptions.push(index, leaf, digest, broken)
            if event in ("policy.published", "config.changed"):
                text = lambda path: member(index, leaf, digest, path)
                timeline.append(csv_line([str(index), leaf["ts"], event, text("detail.policy_set|detail.configuration")]
                                         + [text(path) for path in ("detail.previous", "actor.id", "detail.by", "detail.added",
                                                                    "detail.changed", "detail.removed")]
                                         + ["yes" if within else "no"]))
                named[0].update([detail["policy_set"]] if HASH(detail.get("policy_set")) else [])
                named[1].update([detail["configuration"]] if HASH(detail.get("configuration")) else [])
            servers = self.manifest["servers"]
            meant = within and (not servers or "server" not in leaf or leaf["server"] in servers)
            privileged = False
            for path, population in by_type.get(event, ()):
                taken = population.push(index, leaf, digest, meant)
                if taken and path == "populations/privileged" and "payload" in leaf:
                    commitments[index], privileged = leaf["payload"]["commitment"], True
                if taken and draw and path == "populations/" + draw["population"]:
                    key = hashlib.sha256(draw["seed"].encode() + digest).digest()
                    heapq.heappush(keys, (bytes(255 - b for b in key), -index, key, digest))
                    if len(keys) > draw["n"]:
                        heapq.heappop(keys)
            missing.push(index, leaf, digest, privileged, populations.get("populations/privileged"), exceptions)
            if not within:
                return
            totals[day, event] = totals.get((day, event), 0) + 1
            caller = leaf.get("actor", {}).get("kind") != "canary"
            if event == "call.intent" and caller:
                count(day, "forwarded")
                if "server" in leaf:
                    count(day, "forwarded:" + leaf["server"])
            if event in ("call.intent", "call.denied") and caller:
                count(day, "calls")
            if event == "call.denied" and caller:
                count(day, "denied")
            if event == "auth.failed":
                count(day, "authentication_failures", detail["count"] if integer()(detail.get("count")) else 1)
            if "decision" in leaf:
                named[0].add(leaf["decision"]["policy_set"])
            if event in ("tools.changed", "review.started"):
                named[0].update([detail["policy_set"]] if HASH(detail.get("policy_set")) else [])
                named[2].update([detail["document"]] if HASH(detail.get("document")) else [])

        log = Log(Below(self.files, "log/"))
        verify_log(log, self.key, self.findings, part["first"], observe)
        if (self.findings.size, self.findings.root) != (part["size"], bytes.fromhex(part["root"])):
            self.blame("manifest", "manifest.json", "the manifest is about another checkpoint than the one in the log")
        if self.findings.read != part["size"] - part["first"]:
            return self.blame("population", "log", "the log is damaged, so nothing derived from it could be compared")
        gaps.finish()
        missing.finish(exceptions)
        self.compare(populations, totals, counted)
        for path, lines in (("bodies.missing.csv", missing.lines), ("exceptions.csv", exceptions.lines), ("gaps.csv", gaps.lines),
                            ("config/timeline.csv", timeline)):
            self.expect(path, list(map(Population.line, lines)))
        self.check_documents(named)
        figures = self.figures(populations, totals, exceptions, gaps, len(keys))
        figures.update({"bodies.erased": missing.erased, "bodies.unexplained": len(missing.unexplained)})
        self.expect("figures.json", list(map(Population.line, json.dumps(figures, indent=2, sort_keys=True).split("\n"))))
        self.check_report(figures)
        if "populations/privileged" in populations:
            self.check_bodies(commitments)
        elif BODIES in self.listed:
            self.blame("sample", BODIES, "not compared, since the filter of its population is not there")
        selected = [(-index, digest, key) for _, index, key, digest in sorted(keys, key=lambda key: key[2])]
        if draw:
            self.expect("samples/selection.csv", list(map(Population.line, ["rank,index,leaf_hash,key"] + [
                f"{rank},{index},{digest.hex()},{key.hex()}" for rank, (index, digest, key) in enumerate(selected, 1)])))
        self.check_samples([(index, digest) for index, digest, _ in selected])

    def stated(self):
        """Every population, by the path of its files: there, and about the leaves that it has to be about."""
        populations = {}
        for name, types in ABOUT_LEAVES.items():
            path = f"populations/{name}"
            if path + ".query.json" not in self.listed:
                self.blame("population", path + ".query.json", "missing: the log gives rows for it")
            statement = self.member(path + ".query.json", 2**26, to_json(STATEMENT))
            if statement is None:
                for ending in (".csv", ".jsonl"):
                    if path + ending in self.listed:
                        self.blame("population", path + ending, "not compared, since its filter is not there")
                continue
            query = statement["population"]
            if (query["name"], query["types"]) != (name, types.split()) or any(
                    statement[member] != self.manifest[member] for member in ("period", "servers", "log")):
                self.blame("population", path + ".query.json", "another population, period or part of the log than it should be of")
            populations[path] = Population(statement)
        for path in self.listed:
            named = re.fullmatch(r"(populations/[^/]*?)\.(query\.json|csv|jsonl)", path)
            if path.startswith("populations/") and path != BODIES and (not named or named[1][12:] not in ABOUT_LEAVES):
                self.blame("population", path, "the log gives no such population")
        return populations

    def check_before(self):
        """The checkpoint before the slice is signed, and the log only grew since."""
        part, paths = self.manifest["log"], ("checkpoints/before", "checkpoints/consistency")
        if not any(path in self.listed for path in paths):
            return
        before = self.member(paths[0], 65536, lambda data: open_checkpoint(data, self.key), "checkpoint")
        proof = self.member(paths[1], 8192, lambda data: [unhash(line) for line in data.decode("utf-8").splitlines()], "checkpoint")
        if before is None or proof is None:
            return [self.blame("checkpoint", path, "missing, although the other one is there")
                    for path in paths if path not in self.listed]
        try:
            good = grew(before[0], part["size"], proof, before[1], bytes.fromhex(part["root"]))
        except Bad:
            good = False
        if not good:
            self.blame("checkpoint", paths[1], "the proof does not show that the log only grew since the checkpoint before it")

    def opened(self):
        """Leaves whose bodies are opened; nothing where those of privileged calls are sealed."""
        if self.manifest["bodies"] == "sealed":
            return None
        found = set()
        for line in self.files.open(BODIES) or []:
            try:
                found.add(to_json(WHOSE)(line)["index"])
            except (Bad, ValueError, RecursionError):
                pass
        return found

    def erasures(self):
        """Leaves that say which bodies were erased, each proven to be in the log of a key of the chain."""
        for path in sorted(path for path in self.listed if path.startswith("erasures/")):
            stem = path[9:].removesuffix(".leaf.json")
            if path.endswith(".tlog-proof") and path.removesuffix(".tlog-proof") + ".leaf.json" in self.listed:
                continue
            try:
                leaf, proof = (Log(self.files).file(f"erasures/{stem}{ending}", 2**17) for ending in (".leaf.json", ".tlog-proof"))
                if leaf is None or proof is None or leaf_hash(leaf).hex() != stem:
                    raise Bad("a leaf that its name is not the hash of, or without a proof")
                head, _, signed = proof.decode("utf-8").partition("\n\n")
                origin, index = signed.split("\n", 1)[0], re.search(r"\nindex (0|[1-9][0-9]{0,19})(\n|$)", head, re.ASCII)
                if origin not in self.chain or not index:
                    raise Bad("its proof is malformed, or about another log")
                check_proof(proof, leaf, int(index[1]), lambda signed: open_checkpoint(signed, self.chain[origin]))
                leaf = decode(leaf)
                said = leaf.get("detail")
                if leaf["type"] != "retention.deleted" or not ERASURE(said) or not apart(said["lanes"]):
                    raise Bad("it does not say which bodies were erased")
                yield stem, said, leaf["ts"], origin, int(index[1])
            except (Bad, ValueError) as problem:
                self.blame("retention", path, f"forged: {problem}")

    def check_bodies(self, commitments):
        """Opened bodies are what their leaves commit to."""
        file = self.files.open(BODIES)
        if file and self.manifest["bodies"] == "sealed":
            self.blame("sample", BODIES, "the manifest says that these bodies are sealed")
        for number, line in enumerate(file or [], 1):
            try:
                opened, fits = to_json(OPENED)(line), False
                wanted = commitments.get(opened["index"])
                fits = wanted == hmac.new(bytes.fromhex(opened["salt"]), opened["body"].encode(), hashlib.sha256).hexdigest()
            except (Bad, ValueError, RecursionError):
                opened, wanted, fits = {}, None, False
            if not fits:
                self.blame("sample", BODIES, f"line {number}: the body is not what its leaf commits to",
                           opened["index"] if wanted else None)

    def lines(self, path):
        file = self.files.open(path)
        if file is None:
            return []
        with file, io.BufferedReader(file) as lines:
            return [Population.line(line.rstrip(b"\n").decode("utf-8", "replace")) for line in lines]

    def expect(self, path, expected):
        found = self.lines(path)
        if found != expected:
            at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
            self.blame("population", path, f"line {at + 1} is not what the log gives; {len(found)} lines are there, "
                       f"the log gives {len(expected)}")

    def compare(self, populations, totals, counted):
        for path, population in populations.items():
            stated = population.finish()
            self.findings.populations[path.split("/")[1]] = population.rows
            for name, value in stated.items():
                if population.statement[name] != value:
                    self.blame("population", path + ".query.json", f"`{name}` is not what the log gives")
            for ending, expected in population.files.items():
                self.expect(path + ending, expected)
        lines = ["day,type,leaves"] + [f"{day},{event},{n}" for (day, event), n in sorted(totals.items())]
        self.expect("totals.csv", list(map(Population.line, lines)))
        counts = self.member("reconciliation/counts.csv", 2**22, to_rows("day,source,measure,count", is_count))
        if counts is not None:
            lines = ["day,source,measure,theirs,ours,difference,ties"]
            for day, source, measure, theirs in counts:
                ours = counted.get((day, measure), 0)
                tie = "yes" if ours == int(theirs) else "no"
                lines.append(csv_line([day, source, measure, theirs, str(ours), str(ours - int(theirs)), tie]))
            self.expect("reconciliation/differences.csv", list(map(Population.line, lines)))

    def check_documents(self, named):
        for folder, wanted in zip(("config/policies/", "config/configurations/", "config/documents/"), named):
            there = {path[len(folder):-len(".json")]: path for path in self.listed if path.startswith(folder)}
            for digest in wanted - there.keys():
                self.blame("document", f"{folder}{digest}.json", "missing, although leaves of the period name it")
            for digest, path in there.items():
                data = Log(self.files).file(path, 2**28)
                if data is not None and hashlib.sha256(data).hexdigest() != digest:
                    self.blame("document", path, "changed: its hash is not its name, which is what the leaves name")

    def leavers(self):
        rows, leavers = self.member("reconciliation/leavers.csv", 2**22, to_rows("actor,since,source", is_leaver)), {}
        for actor, since, _ in rows or []:
            leavers[actor] = min(micros(since), leavers.get(actor, micros(since)))
        return leavers

    def figures(self, populations, totals, exceptions, gaps, samples):
        part, days = self.manifest["log"], {}
        figures = {"leaves": sum(totals.values()), "log.first": part["first"], "log.last": max(part["size"] - 1, 0),
                   "log.size": part["size"], "exceptions": sum(exceptions.found.values()), "samples": samples,
                   "gaps": len(gaps.lines) - 1, "gaps.unexplained": gaps.unexplained}
        figures.update((f"type.{event}", 0) for event in ("auth.failed", "call.denied", "call.intent"))
        for (day, event), n in totals.items():
            figures[f"type.{event}"] = figures.get(f"type.{event}", 0) + n
            if event in ("call.intent", "call.denied"):
                days[day] = days.get(day, 0) + n
        figures["busiest_day"] = max(days.values(), default=0)
        figures.update((f"rows.{path.split('/')[1]}", population.rows) for path, population in populations.items())
        figures.update((f"rule.{rule['name']}", exceptions.found.get(rule["name"], 0)) for rule in exceptions.rules)
        data = Log(self.files).file("reconciliation/differences.csv", 2**26)
        if data is not None:
            rows = data.decode("utf-8", "replace").splitlines()[1:]
            figures.update({"counts": len(rows), "counts.open": sum(row.endswith(",no") for row in rows)})
        return figures

    def check_report(self, figures):
        """Every marked number is the figure it names, every marked row the line it names."""
        data = Log(self.files).file("report.html", 2**26)
        if data is None:
            return self.blame("missing_file", "report.html", "a package without its report")
        html = data.decode("utf-8", "replace")
        if not html.rstrip().endswith("</html>"):
            self.blame("report", "report.html", "it was cut: it does not end where a page ends")
        counted = [path for path in ("access/difference.csv", "access/end.duties.csv", "access/unused.csv") if path in self.listed]
        figures = {**figures, **{f"file:{path}": self.rows_of(path) for path in counted}}
        shown = re.findall(r' data-figure="([^"]*)"[^>]*>([^<]*)', html)
        for name, number in shown:
            if name not in figures or number != f"{figures[name]:,}".replace(",", "\u202f"):
                self.blame("report", "report.html", f"it shows {number!r} for {name!r}, and the log gives {figures.get(name)}")
        for name in {*MUST_SHOW, *(f"file:{path}" for path in counted)} - {name for name, _ in shown}:
            self.blame("report", "report.html", f"it does not show {name!r}")
        for path, columns, table in re.findall(r'<table data-file="([^"]*)" data-columns="([^"]*)"(.*?)</table>', html, re.DOTALL):
            file, rows, strange = self.files.open(path), [], 0
            if file:
                with file:
                    rows = [row.rstrip("\r") for row in file.read().decode("utf-8", "replace").split("\n")]
            for row in table.split("<tr")[2:]:
                line = re.match(r' data-line="(\d{1,18})"', row, re.ASCII)
                there = cells(rows[int(line[1]) - 1]) if line and 0 < int(line[1]) <= len(rows) else []
                expected = [short(there[int(at)]) if at.isdecimal() and int(at[:9]) < len(there) else None for at in columns.split()]
                strange += not line or contents("<td", row) != expected
            if strange:
                self.blame("report", "report.html", f"{strange} of the rows that it shows of {path!r} are not rows of it")

    def rows_of(self, path):
        """Lines of a file that hold something, but for its head."""
        file = self.files.open(path)
        return max(sum(1 for line in file or [] if line.strip()) - 1, 0)

    def check_samples(self, selected):
        found = set()
        for path in self.listed:
            match = re.fullmatch(r"(samples/\d{3,4}/)(0|[1-9]\d{0,18})\.(leaf\.json|tlog-proof|body|salt)", path, re.ASCII)
            if match:
                found.add((match[1] + match[2], int(match[2])))
        for path, number in sorted(found):
            self.check_sample(path, number)
        for rank, (index, digest) in enumerate(selected, 1):
            folder = f"samples/{rank:03}/"
            leaf = self.member(f"{folder}{index}.leaf.json", LEAF_MAX, bytes, "sample")
            if leaf is None or leaf_hash(leaf) != digest:
                self.blame("sample", folder, f"the sample of rank {rank} is leaf {index}, which is not in this folder", index)

    def open_once(self, signed):
        if signed not in self.notes:
            self.notes[signed] = open_checkpoint(signed, self.key)
        return self.notes[signed]

    def check_sample(self, path, index):
        leaf, proof, body, salt = (Log(self.files).file(path + ending, 2**28)
                                   for ending in (".leaf.json", ".tlog-proof", ".body", ".salt"))
        try:
            if leaf is None or proof is None:
                raise Bad("the leaf or its proof is missing")
            _, root = check_proof(proof, leaf, index, self.open_once)
            if root.hex() != self.manifest["log"]["root"]:
                raise Bad("the proof is about another tree")
            payload = decode(leaf).get("payload")
            if (body is None) != (salt is None) or body is not None and not (payload and HASH(salt[:64].decode()) and hmac.new(
                    bytes.fromhex(salt[:64].decode()), body, hashlib.sha256).hexdigest() == payload["commitment"]):
                raise Bad("the body is not what its leaf commits to")
        except (Bad, ValueError) as problem:
            self.blame("sample", path, f"forged: {problem}", index)


# ---- The program ------------------------------------------------------------------------------------------------------

def key_text(key):
    return f"{key[0]}+{key[1].hex()}+{base64.b64encode(bytes([1]) + key[2]).decode()}"


def choose_key(log, given, findings):
    data = log.file("verifier.key", 4096)
    stored = None
    if data is not None:
        try:
            if not data.endswith(b"\n"):
                raise Bad("no newline")
            stored = parse_key(data[:-1].decode("utf-8"))
        except (Bad, UnicodeDecodeError):
            findings.blame("key", "malformed verifier key", path="verifier.key")
    if given is None and data is None:
        findings.blame("key", "missing, and no key was given", path="verifier.key")
    if given is not None and stored is not None and given != stored:
        findings.blame("key", "not the key that was given", path="verifier.key")
    if given is None and stored is not None:
        findings.notes.append("no key was given, so the one in the directory was trusted: consistency, not origin")
    return given or stored


def stored_keys(files, findings):
    """The keys that a package brings along."""
    keys = []
    for path in ("trust/successors/signer.key", "log/verifier.key"):
        data = Log(files).file(path, 4096)
        try:
            keys += [parse_key(data[:-1].decode("utf-8"))] if data is not None else []
        except (Bad, UnicodeDecodeError):
            findings.blame("key", "malformed verifier key", path=path)
    if not keys:
        findings.blame("key", "missing, and no key was given", path="log/verifier.key")
    return keys


def verify_log(log, key, findings, first=0, observe=None):
    signed = log.file("checkpoint", 65536)
    if signed is None:
        return findings.blame("checkpoint", "missing", path="checkpoint")
    try:
        findings.size, findings.root = open_checkpoint(signed, key)
    except Bad as problem:
        return findings.blame("checkpoint", str(problem), path="checkpoint")
    findings.origin, findings.key = key[0], key_text(key)
    earlier = []
    for path, plain in log.names():
        if plain and not first and is_earlier(path, findings.size):
            earlier.append(path)
        elif not plain or not is_expected(path, findings.size, first):
            findings.blame("extra_file", "does not belong to the signed log", path=path)
    check_tree(log, findings.size, findings.root, findings, first, observe)
    check_earlier(log, earlier, key, findings.size, findings)


def is_package(files):
    return any(files.open(name) is not None for name in ("manifest.json", "manifest.note"))


def log_of(path):
    """The log in a directory, or in a package."""
    files = Archive(path) if os.path.isfile(path) else Folder(path)
    return Log(Below(files, "log/") if is_package(files) else files)


def verify(path, given, findings, others=()):
    files = Archive(path) if os.path.isfile(path) else Folder(path)
    fault = files.check() if isinstance(files, Archive) else None
    if fault:
        return findings.blame("archive", fault[1], path=fault[0])
    package = is_package(files)
    log = Log(Below(files, "log/") if package else files)
    try:
        if package:
            keys = [given, *others] if given else stored_keys(files, findings)
            Package(files, keys, given is not None, findings).verify()
            return
        key = choose_key(log, given, findings)
        if key:
            verify_log(log, key, findings)
    except Bad as problem:
        findings.blame("extra_file", "larger than its format allows", path=str(problem))


def result_of(findings):
    result = {"sound": findings.count == 0, "first_bad_leaf": findings.first, "problem_count": findings.count,
              "problems": findings.problems, "warnings": findings.notes, "counts": findings.counts,
              "leaves_read": findings.read, "open_call_count": len(findings.open)}
    if findings.erased:
        result["erased"] = findings.erased
    if findings.populations:
        result["populations"] = findings.populations
    return result


def show(findings):
    print(f"log {findings.origin!r}: {findings.size} leaves signed, {findings.read} read; "
          f"{len(findings.open)} calls still open")
    for event in sorted(findings.counts):
        print(f"  {event:<20} {findings.counts[event]:>10}")
    for rule, bodies in findings.erased.items():
        print(f"  erased {bodies} bodies under the rule {rule!r}")
    for name, rows in findings.populations.items():
        print(f"  population {name:<16} {rows:>10} rows, the same again")
    for note in findings.notes:
        print("note:", note)
    for problem in findings.problems:
        print("problem:", ascii({name: value for name, value in problem.items() if value is not None}))
    print("SOUND" if not findings.count else f"NOT SOUND: {findings.count} problems, "
          f"first bad leaf {findings.first}")


class Chain:
    """Several epochs as one log: each is sound by itself, and each continues the one before."""

    def __init__(self):
        self.problems, self.members = [], []

    def blame(self, member, reason):
        epoch = member["origin"][1] if member and member["origin"] else None
        self.problems.append({"epoch": epoch, "directory": member and member["folder"], "reason": reason})

    def verify(self, folders, keys):
        for folder in folders:
            signed, origin = log_of(folder).file("checkpoint", 65536), None
            if signed is not None:
                # Not verified yet: which epoch it says it is.
                first = signed.split(b"\n", 1)[0].decode("utf-8", "replace")
                origin = parse_origin(first) if b"\n\n" in signed else None
            files = Archive(folder) if os.path.isfile(folder) else Folder(folder)
            self.members.append({"folder": folder, "origin": origin, "findings": None, "package": is_package(files)})
        self.members.sort(key=lambda member: (member["origin"] is not None, member["origin"] or ("", 0)))
        self.verify_each(keys)
        for key in keys:
            if all(member["origin"] != parse_origin(key[0]) and not member["package"] for member in self.members):
                self.blame(None, f"a key was given for {key[0]!r}, and no epoch is of that origin")
        self.check_order()
        for before, after in zip(self.members, self.members[1:]):
            self.check_link(before, after)

    def verify_each(self, keys):
        known = {key[0]: key for key in keys}
        while True:
            waiting = [member for member in self.members if member["findings"] is None]
            ready = next((member for member in waiting if member["origin"]
                          and "%s/%d" % member["origin"] in known), None)
            if not waiting:
                return
            member = ready or waiting[0]
            findings = member["findings"] = Findings()
            verify(member["folder"], known["%s/%d" % member["origin"]] if ready else None, findings, list(known.values()))
            if not ready and keys:
                self.blame(member, "its key was not given, and no sound epoch beside it names it")
            if ready and findings.count == 0:
                previous = (findings.genesis or {}).get("previous")
                for named in ((findings.seal or {}).get("next_key"), previous and previous["key"]):
                    if named:
                        key = parse_key(named)
                        known.setdefault(key[0], key)

    def check_order(self):
        before = None
        for member in self.members:
            origin = member["origin"]
            if origin is None:
                self.blame(member, "its checkpoint does not say which epoch it is")
                continue
            if before and before[0] != origin[0]:
                self.blame(member, "it is of another log than the epoch before")
            elif before == origin:
                self.blame(member, "it is there twice")
            elif origin[1] > (before[1] if before else origin[1] - 1 if member["package"] else 0) + 1:
                self.blame(member, "epochs are missing before it")
            before = origin

    def check_link(self, before, after):
        old, new = before["findings"], after["findings"]
        if not before["origin"] or not after["origin"] or old.root is None or new.root is None:
            return
        if before["origin"] == after["origin"]:
            if (old.size, old.root, old.key) != (new.size, new.root, new.key):
                self.blame(after, "two different logs claim to be this epoch: a fork")
            return
        previous = (new.genesis or {}).get("previous")
        if (before["origin"][0], before["origin"][1] + 1) != after["origin"] or not previous:
            return
        last = open_previous(previous, previous["checkpoint"])
        if last is None:
            return
        if old.key != previous["key"]:
            return self.blame(before, "the next epoch continues one with another key")
        loss = previous.get("loss")
        anchor = open_previous(previous, loss["anchor"]) if loss and loss.get("anchor") is not None else None
        self.check_end(before, [last] + [anchor] * (anchor is not None and anchor[0] <= old.size), last, loss)
        if loss is None and old.seal is None:
            self.blame(before, "the next epoch says that it was sealed, and it is not")
        elif loss is None and old.seal.get("next_key") not in (None, new.key):
            self.blame(after, "its key is not the one that the seal of the epoch before names")

    def check_end(self, before, stated, last, loss):
        size = before["findings"].size
        if size < last[0]:
            return self.blame(before, "it was cut: the next epoch continues it after more leaves")
        for wanted in stated:
            if first_root(log_of(before["folder"]), wanted[0], size) != wanted[1]:
                self.blame(before, f"its first {wanted[0]} leaves are not those that the next epoch continues: a fork")
        if size > last[0] and loss is None:
            self.blame(before, "it goes on after its end")


def first_root(log, old, size):
    """The root over the first `old` leaves, from the level 0 tiles of the tree of `size`; nothing when one is missing."""
    return next(first_roots(log, [old], size))


def epochs_in(folder):
    """The epochs in a directory that holds nothing else, in their order."""
    if os.path.isfile(folder):
        return None
    names = [name for name in os.listdir(folder) if name != ".countersign"]
    numbers = [int(name[6:]) for name in names if re.fullmatch(r"epoch-(0|[1-9][0-9]*)", name, re.ASCII)]
    if "checkpoint" in names or not numbers:
        return None
    if len(numbers) != len(names):
        raise OSError("there is something else beside the epochs")
    return [os.path.join(folder, f"epoch-{number}") for number in sorted(numbers)]


def attest(folder, witnesses, quorum, findings):
    if not witnesses or findings.root is None:
        return
    try:
        found = count_cosigners(log_of(folder).file("checkpoint", 65536), witnesses)
        if found < quorum:
            raise Bad(f"{found} of the witnesses that were given cosigned it, and {quorum} are asked for")
        findings.level = 3 if quorum else 0
    except Bad as problem:
        findings.blame("witness", str(problem), path="checkpoint")


def parse_arguments(arguments):
    as_json, given, folders, witnesses, quorum = False, [], [], [], None
    while arguments:
        argument = arguments.pop(0)
        if argument == "--json":
            as_json = True
        elif argument == "--key" and arguments:
            given.append(parse_key(arguments.pop(0).strip()))
        elif argument == "--witness" and arguments:
            witnesses.append(parse_key(arguments.pop(0).strip(), 4))
        elif argument == "--tsa" and arguments:
            Findings.tsa = arguments.pop(0)
        elif argument == "--quorum" and arguments and arguments[0].isascii() and arguments[0].isdecimal():
            quorum = int(arguments.pop(0))
        else:
            folders.append(argument)
    if not folders or any(folder.startswith("-") for folder in folders):
        raise Bad("wrong usage")
    return as_json, given, folders, witnesses, len(witnesses) if quorum is None else quorum


def main(arguments):
    try:
        as_json, given, folders, witnesses, quorum = parse_arguments(arguments)
    except Bad as problem:
        print(f"verify.py: {problem}\n{__doc__}", file=sys.stderr)
        return 2
    try:
        epochs = epochs_in(folders[0]) if len(folders) == 1 else folders
        if epochs is None and len(given) < 2:
            findings, chain = Findings(), None
            verify(folders[0], given[0] if given else None, findings)
            if (findings.genesis or {}).get("previous"):
                findings.notes.append("this log continues an earlier epoch, which was not checked here")
            attest(folders[0], witnesses, quorum, findings)
            sound, result = findings.count == 0, result_of(findings)
        else:
            chain = Chain()
            chain.verify(epochs or folders, given)
            findings = chain.members[-1]["findings"]
            attest(chain.members[-1]["folder"], witnesses, quorum, findings)
            sound = not chain.problems and all(member["findings"].count == 0 for member in chain.members)
            result = {"sound": sound, "problems": chain.problems, "epochs": [
                {"epoch": member["origin"] and member["origin"][1], "directory": member["folder"],
                 "findings": result_of(member["findings"])} for member in chain.members]}
    except UNREADABLE as error:
        print(f"verify.py: cannot read the log, or openssl is missing: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(result, indent=2))
        return 0 if sound else 1
    for each in [member["findings"] for member in chain.members] if chain else [findings]:
        show(each)
    for problem in chain.problems if chain else []:
        print("problem between epochs:", ascii(problem))
    if chain:
        print("CHAIN SOUND" if sound else "CHAIN NOT SOUND")
    print("Assurance L3: the witnesses that you trust cosigned." if findings.level == 3 else
          "Assurance L0: nothing outside these files was consulted.", "A gateway that never wrote a call leaves no gap.")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
