"""Logs, traces and what tools print."""

from ..draw import RNG, between, digits, hexes, pick, signs, stamp, uuid
from ..registry import Registry
from ..scene import ITEMS, LEVELS, POD_SIGNS, money, service, stock_number, version
from ..write import mysql_table, psql_table

document = Registry()


@document("app-log")
def app_log():
    unit = lambda: f"[{pick('main', 'worker-1', 'http-7')}] {service()}"  # noqa: E731
    said = lambda: pick("cache miss ratio", "rows written", "queue depth", "batch finished in ms")  # noqa: E731
    return "".join(
        f"{stamp()} {pick(LEVELS)} {unit()} {said()}={between(0, 99999)} trace_id={hexes(32)} span_id={hexes(16)}\n"
        for _ in range(4)
    )


@document("stack-trace-python")
def python_trace():
    return (
        "Traceback (most recent call last):\n"
        f'  File "/srv/{service()}/app/views.py", line {between(10, 400)}, in list_items\n'
        '    page = int(args["page"])\n'
        'ValueError: invalid literal for int() with base 10: "two"\n'
    )


@document("stack-trace-java")
def java_trace():
    return (
        f"java.lang.IllegalStateException: stock below zero for {stock_number()}\n"
        f"\tat dev.ridgeline.stock.Ledger.apply(Ledger.java:{between(10, 400)})\n"
        f"\tat dev.ridgeline.stock.Job.run(Job.java:{between(10, 400)})\n"
        f"\tat java.base/java.lang.Thread.run(Thread.java:{between(800, 1600)})\n"
        "Caused by: java.sql.SQLException: deadlock detected\n"
        f"\t... {between(5, 40)} more\n"
    )


@document("stack-trace-go")
def go_trace():
    return (
        f"panic: runtime error: index out of range [{between(3, 9)}] with length {between(1, 3)}\n\n"
        f"goroutine {between(1, 900)} [running]:\n"
        f"main.pick(0xc000{hexes(6)}, 0x{between(1, 9)})\n"
        f"\t/src/cmd/{service()}/main.go:{between(10, 300)} +0x{hexes(3)}\n"
        "exit status 2\n"
    )


@document("kubectl-pods")
def pods():
    name = lambda: f"{service()}-{hexes(9)}-{signs(POD_SIGNS, 5)}"  # noqa: E731
    state = lambda: pick("Running", "Running", "Pending")  # noqa: E731
    return "NAME                                READY   STATUS    RESTARTS   AGE\n" + "".join(
        f"{name():<36}1/1     {state()}   {between(0, 9)}          {between(1, 40)}d\n" for _ in range(4)
    )


@document("terraform-plan")
def terraform_plan():
    return (
        "Terraform will perform the following actions:\n\n"
        "  # aws_s3_bucket.logs will be updated in-place\n"
        '  ~ resource "aws_s3_bucket" "logs" {\n'
        f'        id   = "halden-logs-{between(1, 99)}"\n'
        "      ~ tags = {\n"
        '          ~ "Stage" = "dev" -> "prod"\n'
        "        }\n"
        "    }\n\n"
        f"Plan: 0 to add, {between(1, 3)} to change, 0 to destroy.\n"
    )


@document("docker-images")
def docker_images():
    return "REPOSITORY          TAG       IMAGE ID       SIZE\n" + "".join(
        f"{service():<20}{version():<10}{hexes(12)}   {between(20, 900)}MB\n" for _ in range(4)
    )


@document("image-digest")
def digest():
    return (
        f"{version()}: Pulling from library/nginx\n"
        f"{hexes(12)}: Pull complete\n"
        f"{hexes(12)}: Pull complete\n"
        f"Digest: sha256:{hexes(64)}\n"
        "Status: Downloaded newer image\n"
    )


@document("file-checksums")
def sums():
    return (
        "".join(f"{hexes(64)}  {service()}-{version()}.tar.gz\n" for _ in range(3)) + f"{hexes(32)}  {service()}.iso\n"
    )


@document("http-response")
def http_response():
    return (
        "HTTP/1.1 200 OK\n"
        f'ETag: "{hexes(32)}"\n'
        f"Last-Modified: Tue, 0{between(1, 9)} Jun 2025 10:0{between(0, 9)}:00 GMT\n"
        f"Cache-Control: max-age={between(60, 86400)}\n"
        f"X-Request-Id: {uuid()}\n"
        f"Content-Length: {between(100, 99999)}\n"
        f"CF-Ray: {hexes(16)}-VIE\n"
    )


@document("sql-aggregate")
def aggregate():
    return mysql_table(
        [
            {
                "country": country,
                "orders": between(10, 9000),
                "revenue": money(),
                "avg_items": f"{between(1, 5)}.{digits(2)}",
            }
            for country in ("AT", "DE", "PL")
        ]
    )


@document("sql-products")
def products():
    return psql_table(
        [
            {
                "product_id": between(1, 9999),
                "title": item,
                "color": pick("red", "blue", "oak"),
                "weight_g": between(50, 9000),
                "discontinued": pick("t", "f"),
            }
            for item in RNG.sample(ITEMS, 3)
        ]
    )


@document("sql-explain")
def explain():
    return (
        f"Hash Join  (cost={between(10, 99)}.{digits(2)}..{between(100, 999)}.{digits(2)} "
        f"rows={between(10, 9999)} width={between(8, 200)}) (actual "
        f"time={between(0, 9)}.{digits(3)}..{between(10, 99)}.{digits(3)} rows={between(1, 999)} loops=1)\n"
        "  Hash Cond: (o.item_id = i.id)\n"
        f"  ->  Seq Scan on orders o  (cost=0.00..{between(10, 99)}.00 rows={between(10, 9999)} width=16)\n"
        f"Planning Time: 0.{digits(3)} ms\n"
        f"Execution Time: {between(1, 99)}.{digits(3)} ms\n"
    )
