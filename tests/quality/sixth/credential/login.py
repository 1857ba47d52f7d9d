"""Passwords in code, commands, messages and tables, their hashes, and files with several secrets."""

from ..draw import (
    BASE32,
    BASE64,
    RNG,
    b64,
    between,
    commit,
    digits,
    dump,
    moment,
    octets,
    pick,
    plain,
    signs,
    stamp,
    uuid,
    websafe,
)
from ..registry import Registry
from ..scene import ACCOUNTS, DATABASES, HOSTS, REGIONS, service, ticket, version
from ..write import camel, csv_table, markdown_table, mysql_table, psql_table
from .issued import ISSUED
from .named import NAMED
from .password import CRYPT, any_password, argon2, bare_password, bcrypt, human_password, plain_password, sha512_crypt
from .token import github, jwt

place = Registry()


@place("code-password", 12)
def code_password():
    password = human_password() if RNG.random() < 0.5 else plain_password()
    return pick(
        (
            f'db = MySQLdb.connect(host="{pick(HOSTS)}", user="{pick(ACCOUNTS)}", passwd="{password}", '
            f'db="{pick(DATABASES)}")\n'
        ),
        (
            f'const pool = new Pool({{ host: "{pick(HOSTS)}", user: "{pick(ACCOUNTS)}", password: "{password}", '
            f"max: {between(2, 30)} }});\n"
        ),
        (
            f'dataSource.setUsername("{pick(ACCOUNTS)}");\n'
            f'dataSource.setPassword("{password}");\n'
            f"dataSource.setMaxTotal({between(5, 50)});\n"
        ),
        f'var cred = new NetworkCredential("{pick(ACCOUNTS)}", password: "{password}");\n',
        f'$password = "{password}";\n$link = mysqli_connect($host, $user, $password);\n',
        f'opts := &redis.Options{{Addr: "{pick(HOSTS)}:6379", Password: "{password}", DB: {between(0, 9)}}}\n',
        f'    private String dbPassword = "{password}";\n    private int port = 5432;\n',
        f'ENCRYPTION_PASSPHRASE = "{password}"\nITERATIONS = 600_000\n',
    ), [password]


@place("cli-password", 12)
def cli_password():
    password = bare_password()
    return pick(
        f"mysql -h {pick(HOSTS)} -u {pick(ACCOUNTS)} -p{password} {pick(DATABASES)} < dump.sql\n",
        f"curl -u {pick(ACCOUNTS)}:{password} https://{pick(HOSTS)}/_cat/indices\n",
        f"PGPASSWORD={password} psql -h {pick(HOSTS)} -U {pick(ACCOUNTS)} {pick(DATABASES)}\n",
        f"sshpass -p {password} ssh -l deploy {pick(HOSTS)} uptime\n",
        f"docker login registry.ops.lan -u ci -p {password}\n",
        f"redis-cli -h {pick(HOSTS)} -a {password} INFO\n",
        f'mongosh --host {pick(HOSTS)} --username {pick(ACCOUNTS)} --password {password} --eval "db.stats()"\n',
        f"az login --service-principal -u {uuid()} --password {password} --tenant {uuid()}\n",
        f"openssl pkcs12 -in bundle.p12 -passin pass:{password} -nodes -out bundle.pem\n",
        f"keytool -list -keystore app.jks -storepass {password}\n",
        f"wget --user={pick(ACCOUNTS)} --password={password} https://{pick(HOSTS)}/backup.tgz\n",
    ), [password]


@place("sql-create-user", 5)
def sql_create_user():
    password = human_password() if RNG.random() < 0.5 else plain_password()
    return pick(
        (
            f"CREATE USER etl_{between(1, 9)} WITH PASSWORD '{password}';\n"
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO etl_1;\n"
        ),
        f"ALTER ROLE {pick(ACCOUNTS)} PASSWORD '{password}';\n",
        f"CREATE USER 'app'@'%' IDENTIFIED BY '{password}';\nFLUSH PRIVILEGES;\n",
        f"CREATE LOGIN report WITH PASSWORD = '{password}';\n",
    ), [password]


@place("chat-password", 10)
def chat_password():
    password = any_password()
    return pick(
        f"the wifi password for the {pick('guest', 'warehouse', 'meeting room')} network is {password}",
        f"login for the staging shop: user {pick(ACCOUNTS)}, password: {password}",
        (
            f"[{between(8, 18):02d}:12] ops: what is the root password of {pick(HOSTS)}?\n"
            f"[{between(8, 18):02d}:13] infra: root password is {password}\n"
        ),
        (
            "Hi,\n\n"
            "your account is ready.\n"
            f"Username: {pick(ACCOUNTS)}\n"
            f"Password: {password}\n\n"
            "Please change it at first login.\n"
            "Service desk\n"
        ),
        f"pw: {password} (expires Friday)",
        f"Das Passwort für das Testsystem lautet: {password}\n",
        f"Le mot de passe : {password}\nMerci de le changer.\n",
        f"La contraseña: {password}\n",
        f"Temporary password: {password}\nTicket: {ticket()}\n",
    ), [password]


@place("table-password", 8)
def table_password():
    password, other = any_password(), any_password()
    rows = [
        {"id": between(1, 90), "host": pick(HOSTS), "account": "backup", "password": password},
        {"id": between(91, 190), "host": pick(HOSTS), "account": "monitor", "password": other},
    ]
    return pick(psql_table, mysql_table, markdown_table, csv_table)(rows), [password, other]


@place("password-hash", 8)
def password_hash():
    hashed = pick(bcrypt, bcrypt, argon2)()
    return pick(
        psql_table([{"id": between(1, 900), "role": "editor", "password_hash": hashed, "created_at": moment()}]),
        dump({"id": uuid(), "role": "admin", "password_hash": hashed, "active": True}),
        csv_table([{"id": between(1, 900), "role": "viewer", "encrypted_password": hashed, "status": "active"}], ";"),
    ), [hashed]


@place("etc-shadow", 4)
def etc_shadow():
    hashed = sha512_crypt()
    return (
        "# tail -3 /etc/shadow\n"
        f"sshd:*:19{digits(3)}:0:99999:7:::\n"
        f"deploy:{hashed}:19{digits(3)}:0:99999:7:::\n"
        f"nobody:*:19{digits(3)}:0:99999:7:::\n"
    ), [hashed]


@place("htpasswd", 3)
def htpasswd():
    hashed = f"$apr1${signs(CRYPT, 8)}${signs(CRYPT, 22)}"
    return f"# /etc/nginx/.htpasswd\nmetrics:{hashed}\n", [hashed]


@place("otpauth-url", 4)
def otpauth_url():
    secret = signs(BASE32, 32)
    return pick(
        f"otpauth://totp/Halden:ops?secret={secret}&issuer=Halden&digits=6&period=30\n",
        dump({"mfa": {"type": "totp", "uri": f"otpauth://totp/Ridgeline:deploy?secret={secret}&issuer=Ridgeline"}}),
    ), [secret]


@place("laravel-app-key", 3)
def laravel_app_key():
    key = b64(octets(32))
    return f"APP_NAME=Shop\nAPP_ENV=production\nAPP_KEY=base64:{key}\nAPP_DEBUG=false\n", [key]


@place("aws-credentials-file", 6)
def aws_credentials_file():
    identifier, secret = "AKIA" + signs(BASE32, 16), signs(BASE64, 40)
    return pick(
        f"[default]\naws_access_key_id = {identifier}\naws_secret_access_key = {secret}\nregion = {pick(REGIONS)}\n",
        dump(
            {
                "AccessKey": {
                    "UserName": "ci-" + service(),
                    "AccessKeyId": identifier,
                    "Status": "Active",
                    "SecretAccessKey": secret,
                    "CreateDate": stamp(),
                }
            },
            4,
        ),
    ), [identifier, secret]


@place("aws-sts-json", 4)
def aws_sts_json():
    identifier, secret = "ASIA" + signs(BASE32, 16), signs(BASE64, 40)
    token = "IQoJb3JpZ2luX2VjE" + signs(BASE64, 300) + pick("AQgw") + "=="
    return dump(
        {
            "Credentials": {
                "AccessKeyId": identifier,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": stamp(),
            }
        },
        4,
    ), [identifier, secret, token]


@place("oauth-token-response", 6)
def oauth_token_response():
    access, refresh = jwt("RS256"), websafe(64)
    return dump(
        {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "openid offline_access",
        }
    ), [access, refresh]


@place("oauth-form-body", 4)
def oauth_form_body():
    secret, refresh = plain(40), websafe(48)
    return (
        "POST /oauth/token HTTP/1.1\n"
        f"Host: auth.{service()}.lan\n"
        "Content-Type: application/x-www-form-urlencoded\n\n"
        f"grant_type=refresh_token&client_id={service()}&client_secret={secret}&refresh_token={refresh}\n"
    ), [secret, refresh]


@place("git-remote-with-token", 5)
def git_remote_with_token():
    password, url = pick(
        (github("ghp_"), "https://x-access-token:{}@github.com/halden/" + service() + ".git"),
        ("glpat-" + websafe(20), "https://oauth2:{}@gitlab.halden.dev/ops/" + service() + ".git"),
        (plain_password(), "https://build:{}@git.ops.lan/" + service() + ".git"),
    )
    return pick(
        f"$ git remote -v\norigin\t{url.format(password)} (fetch)\n",
        f'[remote "origin"]\n\turl = {url.format(password)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n',
    ), [password]


@place("pip-index-url", 3)
def pip_index_url():
    password = bare_password()
    return f"[global]\nindex-url = https://ci:{password}@pypi.ops.lan/simple\ntimeout = {between(10, 90)}\n", [password]


@place("terraform-password", 4)
def terraform_password():
    password = plain_password()
    return (
        'resource "aws_db_instance" "main" {\n'
        '  engine         = "postgres"\n'
        '  instance_class = "db.t3.medium"\n'
        '  username       = "app"\n'
        f'  password       = "{password}"\n'
        "  multi_az       = true\n"
        "}\n"
    ), [password]


@place("cisco-enable-secret", 2)
def cisco_enable_secret():
    password = bare_password()
    return f"interface eth0\n mtu 1500\nenable secret {password}\nlogging on\n", [password]


@place("wpa-psk", 3)
def wpa_psk():
    password = human_password()
    text = f'network={{\n    ssid="warehouse-{between(1, 9)}"\n    psk="{password}"\n    key_mgmt=WPA-PSK\n}}\n'
    return text, [password]


# Secrets that stand with others in one file.
COMMON = (
    "stripe-secret-key sendgrid-api-key openai-project-key github-pat-classic slack-bot-token gcp-api-key "
    "sentry-org-token twilio-auth-token datadog-api-key jwt-signing-secret mailchimp-api-key aws-access-key-id "
    "anthropic-api-key npm-token gitlab-pat"
).split()


def several(count):
    """Variables and their secrets."""
    kinds = RNG.sample([kind for kind in ISSUED + NAMED if kind[0] in COMMON], count)
    return {name: make() for _, make, name, _ in kinds}


@place("env-file-multi", 16)
def env_file_multi():
    password, secrets = bare_password(), several(3)
    text = (
        f"# {service()} {version()}\n"
        "APP_ENV=production\n"
        f"DATABASE_URL=postgres://app:{password}@{pick(HOSTS)}:5432/{pick(DATABASES)}\n"
        + "".join(f"{name}={value}\n" for name, value in secrets.items())
        + f"LOG_LEVEL=info\nCACHE_TTL={between(60, 9000)}\nGIT_SHA={commit()}\n"
    )
    return text, [password, *secrets.values()]


@place("json-config-multi", 10)
def json_config_multi():
    password, secrets = any_password(), several(2)
    text = dump(
        {
            "service": service(),
            "buildId": uuid(),
            "db": {"host": pick(HOSTS), "user": "app", "password": password},
            **{camel(name): value for name, value in secrets.items()},
            "commit": commit(),
            "ttl": between(60, 9000),
        },
        2,
    )
    return text, [password, *secrets.values()]
