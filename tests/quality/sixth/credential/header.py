"""Headers and cookies of requests."""

from ..draw import LOWER, LOWER_DIGITS, b64, b64url, between, dump, hexes, octets, pick, plain, signs, uuid, websafe
from ..registry import Registry
from ..scene import ACCOUNTS, DATABASES, HOSTS, service
from .password import any_password
from .token import connect_cookie

place = Registry()


@place("basic-auth-header", 10)
def basic_auth_header():
    value = b64(f"{pick(ACCOUNTS)}:{any_password()}".encode())
    return pick(
        f"GET /api/{pick(DATABASES)} HTTP/1.1\nHost: {pick(HOSTS)}\nAuthorization: Basic {value}\nAccept: */*\n",
        f'curl -H "Authorization: Basic {value}" https://{pick(HOSTS)}/status\n',
        dump({"url": f"https://{pick(HOSTS)}/v1", "headers": {"Authorization": "Basic " + value}, "method": "GET"}),
        (
            "> POST /login HTTP/1.1\n"
            f"> Host: {pick(HOSTS)}\n"
            f"> Authorization: Basic {value}\n"
            f"> Content-Length: {between(10, 99)}\n"
            "< HTTP/1.1 204 No Content\n"
        ),
    ), [value]


@place("bearer-opaque-token", 10)
def bearer_opaque_token():
    value = pick(lambda: websafe(between(32, 64)), lambda: hexes(64), lambda: plain(40), uuid)()
    return pick(
        f"GET /v2/{pick(DATABASES)} HTTP/1.1\nHost: api.{service()}.lan\nAuthorization: Bearer {value}\n",
        f"fetch('/api/{pick(DATABASES)}', {{ headers: {{ Authorization: 'Bearer {value}' }} }})\n",
        dump({"access_token": value, "token_type": "Bearer", "expires_in": between(300, 86400), "scope": "read"}),
        f"authorization: Bearer {value}\ncontent-type: application/grpc\n:path: /{service()}.v1/List\n",
        f'headers = {{"Authorization": "Bearer {value}", "Accept": "application/json"}}\n',
    ), [value]


HEADERS = (
    "X-API-Key x-api-key Api-Key X-Auth-Token PRIVATE-TOKEN apikey Ocp-Apim-Subscription-Key X-Vault-Token"
).split()


@place("api-key-header", 8)
def api_key_header():
    header = pick(HEADERS)
    value = pick(lambda: hexes(32), lambda: plain(32), lambda: websafe(43))()
    return pick(
        f"GET /rates?base=EUR HTTP/1.1\nHost: api.{service()}.lan\n{header}: {value}\nAccept-Encoding: gzip\n",
        f'curl -s "https://api.{service()}.lan/v1/rates" --header "{header}: {value}"\n',
        dump({"endpoint": "rates", "headers": {header: value, "Accept": "application/json"}}),
    ), [value]


@place("session-cookie", 10)
def session_cookie():
    name, value = pick(
        ("connect.sid", connect_cookie()),
        ("PHPSESSID", signs(LOWER_DIGITS, 26)),
        ("JSESSIONID", hexes(32).upper()),
        ("sessionid", signs(LOWER_DIGITS, 32)),
        ("_gitlab_session", hexes(32)),
        ("session", b64url(octets(60))),
        ("ASP.NET_SessionId", signs(LOWER + "012345", 24)),
    )
    return pick(
        (
            "GET /account HTTP/1.1\n"
            f"Host: shop.{service()}.lan\n"
            f"Cookie: theme=dark; {name}={value}; lang=de\n"
            "Accept: text/html\n"
        ),
        (
            "HTTP/1.1 302 Found\n"
            "Location: /dashboard\n"
            f"Set-Cookie: {name}={value}; Path=/; HttpOnly; SameSite=Lax\n"
            "Content-Length: 0\n"
        ),
        dump(
            {
                "status": 200,
                "headers": {"content-type": "text/html", "set-cookie": f"{name}={value}; Path=/; Secure; HttpOnly"},
            }
        ),
        f"curl 'https://shop.{service()}.lan/cart' -b '{name}={value}'\n",
    ), [value]
