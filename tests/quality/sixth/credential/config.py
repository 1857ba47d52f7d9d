"""Passwords in files of settings."""

from ..draw import b64, between, dump, octets, pick, stamp, uuid
from ..registry import Registry
from ..scene import ACCOUNTS, DATABASES, HOSTS
from .password import any_password, bare_password
from .token import github

VARIABLES = (
    "DB_PASSWORD POSTGRES_PASSWORD MYSQL_ROOT_PASSWORD REDIS_PASSWORD SMTP_PASS ADMIN_PASSWORD "
    "RABBITMQ_DEFAULT_PASS KEYSTORE_PASSWORD LDAP_BIND_PASSWORD GF_SECURITY_ADMIN_PASSWORD MINIO_ROOT_PASSWORD "
    "SA_PASSWORD VPN_PASSPHRASE"
).split()
YAML_KEYS = ("password passwd db_password admin_password secret bind_password pass passphrase root_password").split()
JSON_KEYS = (
    "password dbPassword adminPassword passwd pwd userPassword client_secret secretKey passphrase newPassword root_pw"
).split()

place = Registry()


@place("netrc", 3)
def netrc():
    password = bare_password()
    return f"machine {pick(HOSTS)}\n  login {pick(ACCOUNTS)}\n  password {password}\n", [password]


@place("pgpass", 3)
def pgpass():
    password = bare_password()
    return f"$ cat ~/.pgpass\n{pick(HOSTS)}:5432:{pick(DATABASES)}:{pick(ACCOUNTS)}:{password}\n", [password]


@place("my-cnf", 3)
def my_cnf():
    password = bare_password()
    client = f"[client]\nuser={pick(ACCOUNTS)}\npassword={password}\nhost={pick(HOSTS)}\n"
    return client + "\n[mysqldump]\nquick\n", [password]


@place("npmrc-auth", 4)
def npmrc_auth():
    value = pick(uuid(), github("npm_"), b64(octets(30)))
    return f"registry=https://npm.ops.lan/\n//npm.ops.lan/:_authToken={value}\nalways-auth=true\n", [value]


@place("pypirc", 3)
def pypirc():
    password = bare_password()
    return (
        "[distutils]\n"
        "index-servers = internal\n\n"
        "[internal]\n"
        "repository = https://pypi.ops.lan/\n"
        "username = upload\n"
        f"password = {password}\n"
    ), [password]


@place("maven-settings", 3)
def maven_settings():
    password = bare_password()
    return (
        "<settings>\n"
        "  <servers>\n"
        "    <server>\n"
        "      <id>releases</id>\n"
        "      <username>deploy</username>\n"
        f"      <password>{password}</password>\n"
        "    </server>\n"
        "  </servers>\n"
        "</settings>\n"
    ), [password]


@place("nuget-config", 3)
def nuget_config():
    password = bare_password()
    return (
        "<packageSourceCredentials>\n"
        "  <internal>\n"
        '    <add key="Username" value="build" />\n'
        f'    <add key="ClearTextPassword" value="{password}" />\n'
        "  </internal>\n"
        "</packageSourceCredentials>\n"
    ), [password]


@place("wp-config", 4)
def wp_config():
    password = any_password()
    return (
        "define( 'DB_NAME', 'wp_shop' );\n"
        "define( 'DB_USER', 'wp' );\n"
        f"define( 'DB_PASSWORD', '{password}' );\n"
        "define( 'DB_CHARSET', 'utf8mb4' );\n"
    ), [password]


@place("env-password", 12)
def env_password():
    name, password = pick(VARIABLES), bare_password()
    return pick(
        f"APP_ENV=prod\nDB_HOST={pick(HOSTS)}\n{name}={password}\nDB_PORT=5432\n",
        f"services:\n  db:\n    image: postgres:16\n    environment:\n      {name}: {password}\n",
        f"docker run -d --name db -e {name}={password} -p 5432:5432 postgres:16\n",
        f'export {name}="{password}"\n./run.sh --once\n',
        f"      - {name}={password}\n      - TZ=UTC\n",
    ), [password]


@place("yaml-password", 10)
def yaml_password():
    key, password = pick(YAML_KEYS), any_password()
    password = password.replace("#", "k").replace("*", "x")
    return pick(
        (
            "database:\n"
            f"  host: {pick(HOSTS)}\n"
            f"  user: {pick(ACCOUNTS)}\n"
            f'  {key}: "{password}"\n'
            f"  pool: {between(2, 30)}\n"
        ),
        f"smtp:\n  server: {pick(HOSTS)}\n  {key}: '{password}'\n  starttls: true\n",
        f'users:\n  - name: {pick(ACCOUNTS)}\n    roles: [reader]\n    {key}: "{password}"\n',
    ), [password]


@place("json-password", 12)
def json_password():
    key, password = pick(JSON_KEYS), any_password()
    return pick(
        dump({"host": pick(HOSTS), "port": 5432, "user": pick(ACCOUNTS), key: password, "ssl": True}, 2),
        dump({"method": "POST", "path": "/login", "body": {"remember": True, key: password}, "status": 200}),
        dump({"rows": [{"id": between(1, 90), "account": pick(ACCOUNTS), key: password, "last_seen": stamp()}]}),
    ), [password]


@place("toml-ini-password", 8)
def toml_ini_password():
    password = bare_password()
    return pick(
        f'[database]\nserver = "{pick(HOSTS)}"\nuser = "{pick(ACCOUNTS)}"\npassword = "{password}"\n',
        f"[smtp]\nhost = {pick(HOSTS)}\nuser = relay\npasswd = {password}\n",
        (
            f"datasource.username={pick(ACCOUNTS)}\n"
            f"datasource.password={password}\n"
            "datasource.driver=org.postgresql.Driver\n"
        ),
        f"ldap.bind.dn=cn=svc,dc=halden,dc=lan\nldap.bind.password={password}\n",
    ), [password]
