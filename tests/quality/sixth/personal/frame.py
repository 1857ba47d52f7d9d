"""Documents in which a datum stands behind its label, or under its key."""

from xml.sax.saxutils import escape

from ..draw import UPPER_DIGITS, between, digits, dump, hexes, moment, pick, plain, signs, stamp, uuid
from ..registry import Registry
from ..scene import order, service, ticket
from ..write import csv_table, log_value, markdown_table, mysql_table, psql_table

frame = Registry()


def row(member, value):
    number, state = between(1, 9000), pick("active", "closed", "pending")
    return {"id": number, member: value, "status": state, "plan": pick("basic", "pro", "team"), "updated_at": moment()}


@frame()
def psql(label, member, value):
    return psql_table([row(member, value)])


@frame()
def mysql(label, member, value):
    return mysql_table([row(member, value)])


@frame()
def csv(label, member, value):
    return csv_table([row(member, value)], pick(",", ";"))


@frame()
def markdown(label, member, value):
    return markdown_table([{"Case": ticket(), label: value, "State": "open"}])


@frame()
def json(label, member, value):
    return dump({"caseId": uuid(), member: value, "status": "verified", "createdAt": stamp()})


@frame()
def json_camel(label, member, value):
    return dump(
        {
            "type": "applicant",
            "attributes": {member: value, "country": pick("DE", "FR", "US", "GB"), "tier": between(1, 4)},
            "links": {"self": f"/v1/applicants/{between(100, 9999)}"},
        },
        2,
    )


@frame()
def rows(label, member, value):
    return dump({"rowCount": 1, "rows": [row(member, value)], "durationMs": between(1, 90)})


@frame()
def xml(label, member, value):
    return (
        f'<applicant ref="{order()}">\n'
        f"  <{member}>{escape(value)}</{member}>\n"
        "  <status>pending</status>\n"
        f"  <submitted>{stamp()}</submitted>\n"
        "</applicant>\n"
    )


@frame()
def lines(label, member, value):
    return f"Order: {order()}\n{label}: {value}\nStatus: approved\nChannel: web\n"


@frame()
def yaml(label, member, value):
    return (
        "request:\n"
        f"  id: {uuid()}\n"
        f'  {member}: "{value}"\n'
        f"  product: {pick('home loan', 'car insurance', 'starter plan')}\n"
        f"  amount: {between(100, 9000)}.00\n"
    )


@frame()
def prose(label, member, value):
    return (
        f"The customer wrote again about {order()}. {pick('Their', 'His', 'Her')} {label} is {value}, please "
        f"add it to the file and close {ticket()}."
    )


@frame()
def chat(label, member, value):
    return (
        f"[{between(8, 18):02d}:{between(0, 59):02d}] agent: could you confirm your {label}?\n"
        f"[{between(8, 18):02d}:{between(0, 59):02d}] visitor: {label} {value}\n"
        f"[{between(8, 18):02d}:{between(0, 59):02d}] agent: thank you, one moment\n"
    )


@frame()
def log(label, member, value):
    return (
        f"{stamp()} INFO {service()} kyc check passed {member}={log_value(value)} "
        f"score=0.{digits(2)} trace={hexes(16)}\n"
    )


@frame()
def insert(label, member, value):
    return f"INSERT INTO applicants (id, {member}, status) VALUES ({between(1, 9000)}, '{value}', 'new');\n"


@frame()
def mail(label, member, value):
    return (
        f"Subject: documents for {order()}\n\n"
        "Hello,\n\n"
        "please find below the missing data.\n\n"
        f"{label}: {value}\n\n"
        "Best regards\n"
    )


@frame()
def slack(label, member, value):
    return dump(
        {
            "type": "message",
            "channel": "C0" + signs(UPPER_DIGITS, 9),
            "text": f"can someone check {ticket()}? {label}: {value}",
            "ts": f"17{digits(8)}.{digits(6)}",
        }
    )


@frame()
def jira(label, member, value):
    return dump(
        {
            "key": ticket(),
            "fields": {
                "summary": "Data correction",
                "status": {"name": "Open"},
                "description": f"Record has the wrong {label}. Correct {label}: {value}",
                "created": stamp(),
            },
        }
    )


@frame()
def soap(label, member, value):
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">\n'
        " <soapenv:Body>\n"
        "  <ns:VerifyRequest>\n"
        f"   <ns:{member}>{escape(value)}</ns:{member}>\n"
        f"   <ns:reference>{order()}</ns:reference>\n"
        "  </ns:VerifyRequest>\n"
        " </soapenv:Body>\n"
        "</soapenv:Envelope>\n"
    )


@frame()
def crm(label, member, value):
    return dump(
        {
            "attributes": {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/003{plain(15)}"},
            "Id": "003" + plain(15),
            member + "__c": value,
            "LeadSource": "Web",
        },
        2,
    )


@frame()
def tsv(label, member, value):
    return f"case\t{label}\tresult\n{ticket()}\t{value}\tok\n"


@frame()
def form(label, member, value):
    return (
        f"--- form submission {between(100, 9999)} ---\n"
        f"{label} ........ {value}\n"
        "Consent ........ yes\n"
        f"Pages ........ {between(1, 9)}\n"
    )


# Those in which a street alone would stand.
STREETS = (json, rows, psql, csv, xml, yaml, mysql, crm)
