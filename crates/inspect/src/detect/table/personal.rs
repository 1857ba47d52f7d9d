//! What leads to a person, whatever the country: addresses, numbers and names.

use crate::detect::check::{self, card, date, iban, net, person, phone};
use crate::detect::{Case, Check, Class, Detector, Find, Form, Need, Scanner};

/// A row that needs no word near it.
const fn personal(
    name: &'static str,
    find: Find,
    check: Check,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Personal,
        find,
        check,
        context: &[],
        shared: &[],
        need: Need::None,
        small_space: false,
        mask: Form::Label,
        finds,
        passes,
    }
}

/// A row about one of so few values that all can be tried.
const fn few(context: &'static [&'static str], need: Need, detector: Detector) -> Detector {
    Detector { context, need, small_space: true, ..detector }
}

/// A value that words in the text announce.
const fn announced(
    literals: &'static [&'static str],
    before: u16,
    window: u16,
    pattern: &'static str,
) -> Find {
    Find::Literal { literals, case: Case::Ignore, before, window, pattern }
}

/// Words that stand near telephone numbers.
const PHONE: &[&str] = &[
    "phone",
    "phone number",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "call",
    "whatsapp",
    "sms",
    "contact number",
    "handy",
    "telefon",
    "telefono",
    "telefone",
    "mobil",
    "hotline",
    "landline",
    "dial",
    "portable",
];

/// Words that stand near the number of a vehicle.
const VEHICLE: &[&str] = &["vin", "vehicle identification", "chassis", "vehicle"];

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[
    few(
        &[],
        Need::None,
        personal(
            "bank-account",
            announced(
                &["account number", "account no", "acct no", "account #", "a/c no", "sort code"],
                0,
                72,
                r"(?i)(?:acc(?:oun)?t|a/c|sort) ?(?:number|no\.?|#|code)(?:[^A-Za-z0-9\n]{1,4}|\s(?:is|was)\s)([0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{4}[0-9 -]{2,14}[0-9])\b",
            ),
            person::document,
            &["account number: 4839201773", "Sort code 20-45-77"],
            &["account number: 12", "account number is required", "sort code"],
        ),
    ),
    few(
        &[],
        Need::None,
        personal(
            "date-of-birth",
            announced(
                &[
                    "birth",
                    "born",
                    "dob",
                    "d.o.b",
                    "geburtsdatum",
                    "geboren",
                    "naissance",
                    "nacimiento",
                    "nascita",
                    "bday",
                ],
                0,
                72,
                r"(?i)(?:birth(?:[ _-]?da(?:te|y))?|born|dob|d\.o\.b\.?|geburtsdatum|geboren|naissance|nacimiento|nascita|bday)(?:[^A-Za-z0-9]{1,4}(?:is|was|on|am|le|el|il|the)){0,2}[^A-Za-z0-9]{1,5}([0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{1,2}(?:st|nd|rd|th)?\.? (?:of )?[A-Za-z]{3,9},? [0-9]{4}|[A-Za-z]{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})\b",
            ),
            date::birth,
            &["DOB: 1984-07-23", "born on 23 July 1984", "Date of birth: 07/23/1984", "geboren am 23.7.1984"],
            &["1984-07-23", "DOB: unknown", "born 1984", "birth of the web, 1989-13-45"],
        ),
    ),
    few(
        &[],
        Need::None,
        personal(
            "driver-licence",
            announced(
                &["driver", "driving licen", "fuhrerschein", "dl number", "dl no", "permis de conduire"],
                0,
                96,
                r"(?i)(?:driver'?s?'?[ _-]?licen[cs]e|driving licen[cs]e|fuhrerschein|dl|permis de conduire)(?:[ _-]?(?:number|num|no\.?|nr\.?|id|#))?(?:[^A-Za-z0-9\n]{1,4}|\s(?:is|was)\s)([A-Z0-9][A-Z0-9 -]{4,20}[A-Z0-9])\b",
            ),
            person::document,
            &["driver's license number: D1234567", "Driving licence MORGA753116SM9IJ"],
            &["driver license is required", "driver version 12345", "drivers"],
        ),
    ),
    personal(
        "email",
        Find::Scanner(Scanner::Email),
        check::always,
        &["write to alice@example.com.", "[\"alice\\u0040example.com\"]"],
        &["alice at example.com", "@alice", "a@b"],
    ),
    personal(
        "iban",
        Find::Scanner(Scanner::Iban),
        iban::number,
        &["to GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
        &["GB82 WEST 1234 5698 7654 33", "DE8937040044053201300"],
    ),
    few(
        &["imei", "device id", "handset"],
        Need::Required,
        personal(
            "imei",
            Find::Scanner(Scanner::Shape(&["999999999999999", "99-999999-999999-9"])),
            person::imei,
            &["IMEI 490154203237518"],
            &["490154203237518", "IMEI 490154203237517"],
        ),
    ),
    few(
        &["address", "client", "peer", "remote", "host", "server", "from"],
        Need::Optional,
        personal(
            "ipv4",
            Find::Scanner(Scanner::Ipv4),
            net::ip,
            &["from 81.2.69.142", "192.168.1.17"],
            &["127.0.0.1", "192.0.2.10", "1.2.3.4", "255.255.255.0", "4.15.2.7", "81.2.69.142.3"],
        ),
    ),
    personal(
        "ipv6",
        Find::Scanner(Scanner::Ipv6),
        net::ip,
        &["2a00:1450:4001:81b::200e", "peer fd12:3456:789a::1"],
        &["::1", "fe80::1", "2001:db8::1", "std::fmt", "12:30:00"],
    ),
    personal(
        "mac-address",
        Find::Scanner(Scanner::Mac),
        net::mac,
        &["3c:22:fb:9a:01:7e", "3C-22-FB-9A-01-7E", "arp 3c22.fb9a.017e", "FE-AB-CD-AB-CD-EF"],
        &["00:00:00:00:00:00", "00:11:22:33:44:55", "3c:22:fb:9a:01", "1234.5678.9012", "01:00:5e:00:00:16"],
    ),
    few(
        &[],
        Need::None,
        personal(
            "passport",
            announced(
                &["passport", "reisepass", "passeport", "pasaporte"],
                0,
                80,
                r"(?i)(?:passport|reisepass|passeport|pasaporte)(?:[ _-]?(?:number|num|no\.?|nr\.?|numero|id|#))?(?:[^A-Za-z0-9\n]{1,4}|\s(?:is|was)\s)([A-Z]{0,3}[0-9][A-Z0-9]{5,9})\b",
            ),
            person::document,
            &["passport number: X1234567", "Passport No. 512839047", "Reisepass Nr. C01X00T47"],
            &["passport 2.0", "passport expires 2031", "passport-jwt"],
        ),
    ),
    few(
        &[],
        Need::None,
        personal(
            "payment-card",
            Find::Scanner(Scanner::Digits { min: 14, max: 19, group_min: 4, separators: " -" }),
            card::number,
            &["4111 1111 1111 1111", "card 378282246310005", r#"{"pan":5555555555554444}"#],
            &["4111 1111 1111 1112", "1234567812345670", "41111111111111111111", "0.4111111111111111"],
        ),
    ),
    personal(
        "person-name",
        announced(
            &[
                "mr. ",
                "mrs. ",
                "ms. ",
                "dr. ",
                "dear ",
                "full name",
                "patient name",
                "customer name",
                "patient:",
                "first name",
                "last name",
                "name of patient",
                "surname",
                "cardholder",
                "account holder",
                "herr ",
                "frau ",
            ],
            1,
            96,
            r"(?:\b(?:Mr|Mrs|Ms|Dr|MR|MRS|MS|DR)\. |(?i:\bdear (?:mr\.? |mrs\.? |ms\.? |dr\.? )?|\b(?:herr|frau) |\b(?:full name|patient name|customer name|name of patient|patient|first name|last name|surname|cardholder(?: name)?|account holder(?: name)?)\s{0,2}[:=][\s*]{0,4}))([A-Z][a-z'\x80-\xff]{1,20}(?:(?: |-)(?:[A-Z]\. )?[A-Z][a-z'\x80-\xff]{1,20}){0,3})\b",
        ),
        person::addressed,
        &["Dear Mr. Miller,", "Patient name: Erika Mustermann", "seen by Dr. Jane Roe"],
        &[
            "Dear Customer,",
            "dear all",
            "Full name: string",
            "first name",
            "Dear Sir or Madam",
            "took 15 ms. So use more",
        ],
    ),
    few(
        PHONE,
        Need::Optional,
        personal(
            "phone-international",
            Find::Scanner(Scanner::International),
            phone::international,
            &["+44 20 7946 0958", "call +14155552671"],
            &["+1 115-555-2671", "+999 123 4567", "UTC+01:00", "x = y +1234567"],
        ),
    ),
    few(
        PHONE,
        Need::Required,
        personal(
            "phone-national",
            Find::Scanner(Scanner::Digits { min: 7, max: 12, group_min: 2, separators: " -./" }),
            phone::national,
            &["Tel. 030 901820", "mobile: 07700 900123", "tel 01 42 68 53 00"],
            &["030 901820", "tel 12345", "mobile 0000 0000"],
        ),
    ),
    few(
        PHONE,
        Need::Bare,
        personal(
            "phone-north-american",
            Find::Scanner(Scanner::Shape(&[
                "999-999-9999",
                "999.999.9999",
                "(999) 999-9999",
                "(999)999-9999",
                "1-999-999-9999",
                "9999999999",
            ])),
            phone::north_american,
            &["415-555-2671", "(415) 555-2671", "phone 4155552671"],
            &["115-555-2671", "415-155-2671", "4155552671", "911-555-2671-2"],
        ),
    ),
    personal(
        "street-address",
        announced(
            &[
                " street",
                " avenue",
                " road",
                " boulevard",
                " lane",
                " drive",
                " court",
                " st.",
                " ave",
                " blvd",
                " rd.",
                " rd,",
                " st,",
                " ln,",
                " dr,",
                " way,",
                " place,",
                " terrace",
                " highway",
                " square,",
                " circle,",
                " parkway",
                " close,",
                " crescent",
            ],
            48,
            40,
            r"\b[0-9]{1,5}[A-Z]?,? (?:[NSEW]\.? )?(?:[A-Z][A-Za-z'.-]{1,20} ){1,3}(?:Street|Avenue|Road|Boulevard|Lane|Drive|Court|Way|Place|Terrace|Highway|Square|Circle|Parkway|Close|Crescent|St|Ave|Blvd|Rd|Ln|Dr)\b(?:,? (?:Apt|Suite|Unit|Flat|#)\.? ?[0-9A-Z]{1,5}\b)?",
        ),
        person::street,
        &["lives at 221B Baker Street, London", "742 Evergreen Terrace", "1600 N. Ocean Ave, Apt 4"],
        &["the street", "Main Street", "3 steps down the road", "2 Simple ways to Drive", "section 5 Road"],
    ),
    personal(
        "street-address-european",
        announced(
            &[
                "strasse", "stra", "str. ", "rue ", "calle ", "avenida ", "via ", "platz ", "gasse ",
                "straat", "allee ",
            ],
            32,
            48,
            r"(?:\b[A-Z][a-z\x80-\xff-]{1,24}(?:stra(?:ss|\xc3\x9f)e|str\.|platz|gasse|allee|straat) [0-9]{1,4} ?[a-z]?\b|\b[0-9]{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin) (?:de |du |des |la |de la |d'|l')?[A-Z\xc3][A-Za-z\x80-\xff'-]{2,24}\b|\b(?:[Cc]alle|[Aa]venida|[Vv]ia|[Pp]iazza) (?:de |la |del |di |della )?[A-Z\xc3][A-Za-z\x80-\xff' -]{2,30},? (?:n\.? ?)?[0-9]{1,4}\b)",
        ),
        person::street,
        &["Hauptstrasse 12", "12 rue de Rivoli", "Calle Mayor 5", "wohnt in der Lindenallee 7"],
        &["Hauptstrasse", "la rue", "via email 3", "via 2"],
    ),
    few(
        VEHICLE,
        Need::Required,
        personal(
            "vehicle-number",
            Find::Scanner(Scanner::Shape(&["XXXXXXXXXXX999999", "XXXXXXXXXXXX99999"])),
            person::vin,
            &["VIN 1M8GDM9AXKP042788"],
            &["1M8GDM9AXKP042788", "VIN 1M8GDM9A1KP042788"],
        ),
    ),
];
