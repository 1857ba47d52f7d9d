"""Connections, signed links and webhooks: the secret is a part of an address."""

from ..draw import (
    BASE64,
    UPPER_DIGITS,
    b64,
    between,
    day,
    dump,
    hexes,
    moment,
    octets,
    pick,
    plain,
    signs,
    uuid,
    websafe,
)
from ..registry import Registry
from ..scene import ACCOUNTS, DATABASES, HOSTS, REGIONS, order, service
from .password import bare_password

place = Registry()


@place("jdbc-url", 5)
def jdbc_url():
    password = bare_password()
    return pick(
        (
            f"spring.datasource.url=jdbc:{pick('postgresql', 'mysql', 'mariadb')}://{pick(HOSTS)}/{pick(DATABASES)}"
            f"?user={pick(ACCOUNTS)}&password={password}\n"
            f"spring.datasource.hikari.maximum-pool-size={between(5, 40)}\n"
        ),
        (
            f"{moment()} WARN HikariPool-1 - cannot reach "
            f"jdbc:sqlserver://{pick(HOSTS)}:1433;databaseName={pick(DATABASES)};user={pick(ACCOUNTS)};"
            f"password={password};encrypt=true\n"
        ),
        (
            '<bean class="org.apache.commons.dbcp2.BasicDataSource"><property name="url" '
            f'value="jdbc:oracle:thin:{pick(ACCOUNTS)}/{password}@{pick(HOSTS)}:1521:ORCL"/></bean>\n'
        ),
    ), [password]


@place("ado-connection-string", 6)
def ado_connection_string():
    password = bare_password()
    connection = (
        f"Server={pick(HOSTS)},1433;Database={pick(DATABASES)};User Id={pick(ACCOUNTS)};"
        f"Password={password};Encrypt=True;"
    )
    return pick(
        dump({"ConnectionStrings": {"Default": connection}, "Logging": {"LogLevel": {"Default": "Information"}}}, 2),
        (
            "<connectionStrings>\n"
            f'  <add name="Main" connectionString="{connection}" providerName="System.Data.SqlClient" />\n'
            "</connectionStrings>\n"
        ),
        (
            f"Driver={{ODBC Driver 18 for SQL Server}};Server={pick(HOSTS)};Database={pick(DATABASES)};"
            f"Uid={pick(ACCOUNTS)};Pwd={password};\n"
        ),
    ), [password]


@place("libpq-dsn", 4)
def libpq_dsn():
    password = bare_password()
    return (
        f'conn = psycopg2.connect("host={pick(HOSTS)} port=5432 dbname={pick(DATABASES)} '
        f'user={pick(ACCOUNTS)} password={password} connect_timeout={between(2, 20)}")\n'
    ), [password]


@place("azure-storage-connection-string", 5)
def azure_storage_connection_string():
    key = signs(BASE64, 76) + "+ASt" + plain(5) + pick("AQgw") + "=="
    connection = (
        f"DefaultEndpointsProtocol=https;AccountName={service().replace('-', '')}prod;AccountKey={key};"
        "EndpointSuffix=core.windows.net"
    )
    return pick(
        f'AZURE_STORAGE_CONNECTION_STRING="{connection}"\n',
        dump(
            {"Values": {"FUNCTIONS_WORKER_RUNTIME": "dotnet", "AzureWebJobsStorage": connection}, "IsEncrypted": False},
            2,
        ),
    ), [key]


@place("azure-servicebus-connection-string", 4)
def azure_servicebus_connection_string():
    key = b64(octets(32))
    connection = (
        f"Endpoint=sb://{service()}-bus.servicebus.windows.net/;"
        f"SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={key}"
    )
    return pick(
        f"SERVICEBUS_CONNECTION={connection}\n", dump({"name": service(), "primaryConnectionString": connection})
    ), [key]


@place("azure-cosmos-connection-string", 4)
def azure_cosmos_connection_string():
    key = b64(octets(64))
    return (
        "cosmos:\n"
        f'  connection: "AccountEndpoint=https://{service()}.documents.azure.com:443/;AccountKey={key};"\n'
        f"  database: {pick(DATABASES)}\n"
    ), [key]


@place("azure-sas-url", 5)
def azure_sas_url():
    signature = b64(octets(32)).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    url = (
        f"https://{service().replace('-', '')}.blob.core.windows.net/exports/{order()}.zip?sv=2023-11-03&"
        f"st=2026-01-02T00%3A00%3A00Z&se=2026-12-31T00%3A00%3A00Z&sr=b&sp=r&sig={signature}"
    )
    return pick(
        f"Download link for {order()}: {url}\n", dump({"file": "export.zip", "size": between(1000, 10**7), "url": url})
    ), [signature]


@place("aws-presigned-url", 5)
def aws_presigned_url():
    signature = hexes(64)
    file = f"https://{service()}-exports.s3.{pick(REGIONS)}.amazonaws.com/{day(2024, 2026)}/report.csv"
    signed = f"20260{between(1, 9)}1{between(0, 9)}T0{between(0, 9)}0000Z"
    url = (
        f"{file}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={signed}&X-Amz-Expires=3600"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
    )
    return pick(f"Report ready: {url}\n", dump({"reportId": uuid(), "status": "done", "downloadUrl": url})), [signature]


@place("slack-webhook-url", 6)
def slack_webhook_url():
    secret = plain(24)
    url = f"https://hooks.slack.com/services/T0{signs(UPPER_DIGITS, 9)}/B0{signs(UPPER_DIGITS, 9)}/{secret}"
    return pick(
        f'alertmanager:\n  slack_api_url: {url}\n  channel: "#ops"\n',
        f"curl -X POST -H 'Content-type: application/json' --data '{{\"text\":\"deployed\"}}' {url}\n",
        dump({"name": "ops-alerts", "type": "slack", "settings": {"url": url}}),
    ), [secret]


@place("discord-webhook-url", 5)
def discord_webhook_url():
    secret = websafe(68)
    url = f"https://discord.com/api/webhooks/{between(10**18, 13 * 10**17)}/{secret}"
    answer = dump({"webhook_url": url, "wait": True})
    return pick(f"WEBHOOK={url}\n", f"post build results to {url} please", answer), [secret]


@place("teams-webhook-url", 4)
def teams_webhook_url():
    secret = hexes(32)
    url = f"https://halden.webhook.office.com/webhookb2/{uuid()}@{uuid()}/IncomingWebhook/{secret}/{uuid()}"
    return pick(f"notify:\n  teams: {url}\n", dump({"channel": "build", "webhook": url})), [secret]
