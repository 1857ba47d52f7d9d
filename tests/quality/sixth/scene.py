"""The places, programs and companies that all texts speak of: none of them exists."""

from .draw import UPPER, between, digits, pick, signs

COMPANIES = [
    *("Brightwater Logistics", "Copperfield Tools", "Halden Marine", "Nordwind Energie", "Ostrava Steelworks"),
    *("Pinecrest Dental Group", "Quantock Foods", "Ridgeline Software", "Saltmarsh Brewing", "Tessellate Labs"),
    *("Umber & Sons", "Vantage Rail", "Willowbank Furniture"),
]
SERVICES = (
    "billing-api checkout edge-router ingest-worker invoice-renderer ledger mailer media-resizer notifier orders "
    "payout-batch pricing report-builder search-indexer session-store stock-sync tax-engine warehouse"
).split()
HOSTS = (
    "db01.prod.lan pg-main.internal mysql-eu.internal cache-2.svc.cluster.local mq.core.lan files.ops.lan "
    "build-07.ci.lan ldap.corp.lan mongo-a.data.lan warehouse.data.lan smtp-relay.corp.lan nas3.office.lan"
).split()
ACCOUNTS = (
    "app billing_rw svc_report etl orders_app metabase readonly root postgres sa deploy keycloak airflow grafana"
).split()
DATABASES = "orders billing warehouse crm analytics inventory tickets ledger shop".split()
REGIONS = "eu-central-1 us-east-1 ap-southeast-2 eu-west-3".split()
LEVELS = "INFO WARN DEBUG ERROR".split()
CITIES = "Lyon Graz Porto Leeds Turku Gdynia Ghent Malmo Boise Perth".split()
ITEMS = [
    *("oak shelf", "desk lamp", "hex bolts M8", "copper pipe", "garden hose", "ceramic mug", "wool blanket"),
    *("paint roller", "steel ruler", "filter basket"),
]
# What clusters name their pods with.
POD_SIGNS = "bcdfghjklmnpqrstvwxz2456789"


def service():
    return pick(SERVICES)


def order():
    return f"{pick('ORD', 'SO', 'PO', 'INV', 'RMA')}-{between(2021, 2026)}-{between(1000, 99999):05d}"


def ticket():
    return f"{pick('OPS', 'PLAT', 'SEC', 'WEB', 'DATA', 'CRM')}-{between(100, 9999)}"


def version():
    return f"{between(0, 12)}.{between(0, 30)}.{between(0, 20)}"


def money():
    return f"{between(1, 9999)}.{digits(2)}"


def stock_number():
    return f"{signs(UPPER, 3)}-{digits(4)}-{signs(UPPER, 1)}{digits(1)}"
