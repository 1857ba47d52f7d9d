"""What speaks of secrets and holds none, and what is public of keys."""

from ..draw import BASE64, RNG, between, dump, hexes, pick, signs
from ..registry import Registry
from ..scene import order, service, ticket
from ..write import psql_table

document = Registry()

SENTENCES = [
    "Die Lieferung verzögert sich um zwei Tage, weil der Hafen wegen Sturm gesperrt war. Der Ersatz ist bestellt.",
    "La réunion est déplacée au jeudi, car la salle du deuxième étage est en travaux jusqu’à la fin du mois.",
    (
        "El informe de ventas muestra un aumento del ocho por ciento respecto al trimestre anterior, sobre "
        "todo en herramientas."
    ),
    "Il magazzino chiude alle diciotto e le consegne del sabato sono sospese fino a settembre.",
    "Zamówienie zostało podzielone na dwie paczki, druga wyjedzie w przyszłym tygodniu.",
    "De nieuwe versie lost het probleem met lege pagina’s op en maakt het zoeken merkbaar sneller.",
    "Leveransen blev försenad på grund av snö, men lagret har nu fyllts på igen.",
    "O painel mostra a média diária e o máximo por hora, com filtro por região e por tipo de produto.",
    "Toimitus siirtyi ensi viikolle, koska varasto on inventaarion vuoksi kiinni.",
    "本日の会議は午後三時に変更されました。資料は共有フォルダーにあります。",
    "Отчёт за квартал готов, таблицы приложены в общей папке отдела.",
    "Toplantı salı gününe alındı, rapor taslağı ortak klasörde.",
    (
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut "
        "labore et dolore magna aliqua."
    ),
    "배송이 이틀 늦어집니다. 창고 재고는 충분합니다.",
    "الاجتماع القادم يوم الثلاثاء وسيتم إرسال الجدول لاحقا",
]


@document("prose-languages")
def letter():
    one, other = RNG.sample(SENTENCES, 2)
    return f"{one} ({order()})\n\n{other} {between(2, 99)} / {between(100, 999)}.\n"


@document("prose-languages")
def sentences():
    return f"{ticket()}: {pick(SENTENCES)}\n{pick(SENTENCES)}\n"


@document("prose-about-secrets")
def security_prose():
    return (
        pick(
            (
                "Passwords must have at least 12 characters and are rotated every 90 days. Tokens are kept in the "
                "vault, never in the repository."
            ),
            (
                "The token endpoint returns 401 when the secret has expired. Rotate the key in the console and "
                "restart the worker."
            ),
            (
                "Forgot your password? Use the reset link on the sign-in page. We never ask for your password by "
                "e-mail or phone."
            ),
            "Please store the API key in the secret manager; the pipeline reads it at start.",
            "The passport check and the IBAN check are done by the onboarding service, see the diagram in the wiki.",
            "Set the password field to required and show the hint text below the input.",
        )
        + f" See {ticket()} and page {between(1, 90)}.\n"
    )


@document("secret-references")
def secret_refs():
    name = pick("DB_PASSWORD", "API_KEY", "SMTP_PASS", "JWT_SECRET")
    return pick(
        f"database:\n  user: app\n  password: ${{{name}}}\n  pool: {between(2, 30)}\n",
        f"env:\n- name: {name}\n  valueFrom:\n    secretKeyRef:\n      name: {service()}\n      key: value\n",
        f'password = os.environ["{name}"]\ntimeout = {between(1, 60)}\n',
        f"        env:\n          {name}: ${{{{ secrets.{name} }}}}\n          CI: true\n",
        f'password: "{{{{ vault_{name.lower()} }}}}"\nport: {between(1000, 9000)}\n',
        f'password = var.{name.lower()}\nengine   = "postgres"\n',
        f'const key = process.env.{name};\nif (!key) throw new Error("{name} is not set");\n',
    )


@document("schema-with-secret-names")
def schema():
    return pick(
        (
            "CREATE TABLE accounts (\n"
            "  id bigserial PRIMARY KEY,\n"
            "  email text NOT NULL UNIQUE,\n"
            "  password_hash text NOT NULL,\n"
            "  phone varchar(32),\n"
            "  created_at timestamptz DEFAULT now()\n"
            ");\n"
        ),
        dump(
            {
                "type": "object",
                "required": ["username", "password"],
                "properties": {
                    "username": {"type": "string"},
                    "password": {"type": "string", "minLength": between(8, 16)},
                    "token": {"type": "string", "description": "one-time code"},
                },
            },
            2,
        ),
        psql_table(
            [
                {"column_name": "api_key", "data_type": "character varying", "is_nullable": "NO"},
                {"column_name": "iban", "data_type": "text", "is_nullable": "YES"},
            ]
        ),
        (
            "public interface User { id: string; email: string; password?: string; ssn?: string; token: string "
            "| null }\n"
        ),
    ) + "\n" * between(0, 1)


@document("public-key")
def public_key():
    return (
        "-----BEGIN PUBLIC KEY-----\n"
        f"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA{signs(BASE64, 20)}\n"
        f"{signs(BASE64, 64)}\n"
        f"{signs(BASE64, 64)}\n"
        f"{signs(BASE64, 62)}==\n"
        "-----END PUBLIC KEY-----\n"
    )


@document("certificate")
def certificate():
    return (
        f"-----BEGIN CERTIFICATE-----\nMIID{signs(BASE64, 60)}\n"
        + "\n".join(signs(BASE64, 64) for _ in range(6))
        + f"\n{signs(BASE64, 40)}==\n-----END CERTIFICATE-----\n"
    )


@document("ssh-public-key")
def ssh_public_key():
    return f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{signs(BASE64, 43)} build-07\n"


@document("fingerprint")
def fingerprint():
    return (
        f"256 SHA256:{signs(BASE64, 43)} build-07 (ED25519)\n"
        f"sha1 fingerprint={':'.join(hexes(2).upper() for _ in range(20))}\n"
    )
