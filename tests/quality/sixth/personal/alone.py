"""Documents with data that everybody knows by their form: nothing names them."""

from ..draw import between, commit, digits, dump, hexes, moment, pick, stamp, uuid
from ..scene import COMPANIES, order, ticket
from ..write import csv_table, log_value, markdown_table, psql_table

ALONE = {
    "email": [
        lambda value: f"{stamp()} INFO mailer queued message to=<{value}> size={between(400, 9000)} status=250\n",
        lambda value: f"please add {value} to the distribution list for {ticket()}",
        lambda value: f"From: {value}\nSubject: Re: {order()}\n\nThanks, it arrived today.\n",
        lambda value: f"commit {commit()}\nAuthor: release <{value}>\n\n    fix: retry on timeout ({ticket()})\n",
        lambda value: dump({"event": "login", "user": value, "ok": True, "at": stamp()}),
        lambda value: f"contact: mailto:{value}\n",
        lambda value: (
            'ERROR duplicate key value violates unique constraint "users_email_key"\n'
            f"DETAIL:  Key (email)=({value}) already exists.\n"
        ),
        lambda value: dump({"to": [value], "template": "invoice", "vars": {"order": order()}}),
    ],
    "phone": [
        lambda value: f"Please call me back on {value} after 4 pm, it is about {order()}.",
        lambda value: f"sms sent to {value} in {between(100, 900)} ms, template otp-2\n",
        lambda value: dump({"to": value, "channel": "sms", "template": "delivery", "order": order()}),
        lambda value: f"Tel. {value}\nFax on request\n",
        lambda value: f"the driver could not find the door, mobile {value}",
        lambda value: f"{stamp()} call.incoming from={log_value(value)} queue=sales wait={between(1, 90)}s\n",
    ],
    "card": [
        lambda value: f"customer read out the card number {value} on the phone, refund {order()}",
        lambda value: dump(
            {"order": order(), "payment": {"method": "card", "cardNumber": value, "amount": between(5, 900)}}
        ),
        lambda value: f"{stamp()} WARN gateway declined pan={log_value(value)} reason=05\n",
        lambda value: psql_table(
            [{"payment_id": between(1, 900), "card_number": value, "amount": f"{between(5, 900)}.{digits(2)}"}]
        ),
        lambda value: f"Charge it to {value} please, invoice {order()}.",
        lambda value: f"<Payment><CardNumber>{value}</CardNumber><Amount>{between(5, 900)}.00</Amount></Payment>\n",
    ],
    "iban": [
        lambda value: f"Please transfer the deposit for {order()} to {value} by Friday.",
        lambda value: f"IBAN: {value}\nReference: {order()}\n",
        lambda value: dump(
            {"payee": pick(COMPANIES), "iban": value, "amount": f"{between(10, 9000)}.00", "currency": "EUR"}
        ),
        lambda value: f":59:/{value}\n:70:{order()}\n:71A:SHA\n",
        lambda value: (
            f"<CdtrAcct><Id><IBAN>{value}</IBAN></Id></CdtrAcct>\n<RmtInf><Ustrd>{order()}</Ustrd></RmtInf>\n"
        ),
        lambda value: csv_table([{"run": order(), "iban": value, "amount": f"{between(10, 900)}.50"}], ";"),
        lambda value: f"Bitte auf das Konto {value} überweisen, danke.",
    ],
    "ipv4": [
        lambda value: (
            f'{value} - - [{between(10, 28)}/Mar/2026:0{between(0, 9)}:12:{between(10, 59)} +0000] "GET /cart '
            f'HTTP/1.1" 200 {between(100, 9000)} "-" "curl/8.5.0"\n'
        ),
        lambda value: f"{stamp()} WARN auth failed login for user admin from {value} port {between(20000, 60000)}\n",
        lambda value: dump({"event": "session.start", "client_ip": value, "at": stamp()}),
        lambda value: f"X-Forwarded-For: {value}\nX-Request-Id: {uuid()}\n",
        lambda value: psql_table([{"id": between(1, 900), "last_login_ip": value, "at": moment()}]),
        lambda value: f"blocked {value} in the firewall because of {ticket()}",
        lambda value: (
            f"sshd[{between(900, 9000)}]: Accepted publickey for deploy from {value} "
            f"port {between(20000, 60000)} ssh2\n"
        ),
    ],
    "ipv6": [
        lambda value: (
            f'{value} - - [{between(10, 28)}/Mar/2026:0{between(0, 9)}:12:{between(10, 59)} +0000] "POST /api '
            f'HTTP/2.0" 201 {between(100, 9000)}\n'
        ),
        lambda value: dump({"clientAddress": value, "proto": "h3", "at": stamp()}),
        lambda value: f"{stamp()} INFO session opened peer=[{value}]:{between(20000, 60000)}\n",
        lambda value: f"inet6 {value} prefixlen 64\n",
        lambda value: csv_table([{"session": hexes(12), "ip": value, "country": "DE"}]),
    ],
    "mac": [
        lambda value: f"dhcpd: DHCPREQUEST via eth0 from {value} lease renewed\n",
        lambda value: dump({"device": "scanner-" + str(between(1, 40)), "mac": value, "vlan": between(2, 300)}),
        lambda value: f"MAC address: {value}\nSwitch port: {between(1, 48)}\n",
        lambda value: markdown_table([{"asset": f"LT-{between(100, 999)}", "mac_address": value, "model": "T14"}]),
        lambda value: f"link/ether {value} brd on mtu 1500\n",
    ],
}
