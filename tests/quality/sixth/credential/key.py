"""Private keys, and what holds them."""

from functools import partial

from ..draw import BASE64, b64, between, digits, dump, hexes, octets, pick, signs
from ..registry import Registry
from ..scene import ACCOUNTS, service, ticket, version
from .password import PEMS, any_password, private_key
from .token import jwt

place = Registry()


def pem(what):
    """A private key of this kind in a file, in YAML, alone, in JSON or in a message."""
    begin, body, end = private_key(what)
    key = f"{begin}\n{body}\n{end}\n"
    indented = "\n".join("  " + line for line in [begin, *body.split("\n"), end])
    return pick(
        (f"$ cat /etc/ssl/private/{service()}.key\n{key}", [body]),
        (f"tls.key: |\n{indented}\nversion: {version()}\n", [body.replace("\n", "\n  ")]),
        (key, [body]),
        (dump({"kid": hexes(16), "use": "sig", "privateKey": key}), [escaped(body)]),
        (
            f"The new key for {service()} is below, see {ticket()}.\n\n{key}\nThe certificate follows next week.\n",
            [body],
        ),
    )


def escaped(body):
    """As JSON has it."""
    return body.replace("\n", "\\n")


for what in PEMS:
    place(what, 5)(partial(pem, what))


@place("gcp-service-account-json", 5)
def gcp_service_account_json():
    begin, body, end = private_key("pkcs8-private-key")
    return dump(
        {
            "type": "service_account",
            "project_id": "tessellate-prod",
            "private_key_id": hexes(40),
            "private_key": f"{begin}\n{body}\n{end}\n",
            "client_id": digits(21),
            "token_uri": "https://oauth2.googleapis.com/token",
            "universe_domain": "googleapis.com",
        },
        2,
    ), [escaped(body)]


@place("pgp-private-key", 3)
def pgp_private_key():
    body = (
        "lQOYB"
        + signs(BASE64, 59)
        + "\n"
        + "\n".join(signs(BASE64, 64) for _ in range(between(12, 20)))
        + "\n"
        + signs(BASE64, 29)
        + pick("AQgw")
        + "==\n="
        + signs(BASE64, 4)
    )
    return f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{body}\n-----END PGP PRIVATE KEY BLOCK-----\n", [body]


@place("wireguard-private-key", 4)
def wireguard_private_key():
    key = b64(octets(32))
    return f"[Interface]\nPrivateKey = {key}\nListenPort = 51820\nMTU = 1420\n", [key]


@place("k8s-secret-base64", 8)
def k8s_secret_base64():
    password = b64(any_password().encode())
    key = pick("password", "db-password", "DB_PASSWORD", "redis-password", "client-secret", "SMTP_PASSWORD")
    return pick(
        (
            "apiVersion: v1\n"
            "kind: Secret\n"
            "metadata:\n"
            f"  name: {service()}\n"
            "  namespace: prod\n"
            "type: Opaque\n"
            "data:\n"
            f"  {key}: {password}\n"
        ),
        dump(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": service(), "resourceVersion": digits(8)},
                "data": {key: password},
                "type": "Opaque",
            },
            2,
        ),
    ), [password]


@place("kubeconfig-token", 3)
def kubeconfig_token():
    token = jwt("RS256")
    return (
        f"apiVersion: v1\nkind: Config\ncurrent-context: prod\nusers:\n- name: ci\n  user:\n    token: {token}\n"
    ), [token]


@place("kubeconfig-client-key", 3)
def kubeconfig_client_key():
    key = b64(b"-----BEGIN RSA PRIVATE KEY-----\n" + b64(octets(400)).encode() + b"\n-----END RSA PRIVATE KEY-----\n")
    return (
        "users:\n"
        "- name: admin\n"
        "  user:\n"
        f"    client-key-data: {key}\n"
        "contexts:\n"
        "- context: {cluster: prod, user: admin}\n"
        "  name: prod\n"
    ), [key]


@place("docker-config-auth", 4)
def docker_config_auth():
    value = b64(f"{pick(ACCOUNTS)}:{any_password()}".encode())
    return dump({"auths": {"registry.ops.lan": {"auth": value}}, "credsStore": ""}, 2), [value]
