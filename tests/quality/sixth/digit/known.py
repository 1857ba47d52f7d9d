"""The check digits on examples that issuers, standards and manuals publish."""

from . import bank, ean, europe, iso7064, luhn, mrz, token, verhoeff, world

IBANS = (
    "DE89370400440532013000 GB29NWBK60161331926819 FR1420041010050500013M02606 ES9121000418450200051332 "
    "BE68539007547034 NO9386011117947 IT60X0542811101000000123456 NL91ABNA0417164300 PT50000201231234567890154 "
    "CH9300762011623852957 PL61109010140000071219812874 FI2112345600000785"
).split()
# What BIP 173 gives for an output of a payment.
WITNESS = bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df")

# A function, what it is asked, and what it should answer.
KNOWN = (
    (token.crc62, ("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ",), "0mLq17"),
    (token.crc62, ("adE7dp8rHP6gUTuPwxLTZjZdtya3sV",), "0UQzQM"),
    (token.crc62, ("A" * 22 + "_" + "B" * 53,), "0ImpdU"),
    (token.crc_hex, ("glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G",), "fcaaf58a"),
    (token.bech32, ("abcdef", WITNESS), "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"),
    (luhn, ("411111111111111",), "1"),
    (luhn, ("37828224631000",), "5"),
    (luhn, ("811228987",), "4"),
    (luhn, ("0101309999",), "7"),
    (luhn, ("12345678",), "2"),
    (luhn, ("800101500908",), "7"),
    (luhn, ("04645428",), "6"),
    (iso7064, ("3657426180",), "9"),
    (iso7064, ("8609574271",), "9"),
    (iso7064, ("6592997048",), "9"),
    (iso7064, ("3339200596",), "1"),
    (verhoeff, ("236",), "3"),
    (verhoeff, ("23412341234",), "6"),
    (ean, ("756921707698",), "5"),
    (ean, ("978030640615",), "7"),
    (mrz, ("L898902C3",), "6"),
    (mrz, ("740812",), "2"),
    (mrz, ("120415",), "9"),
    (mrz, ("ZE184226B<<<<<",), "1"),
    (mrz, ("L898902C36" + "7408122" + "1204159" + "ZE184226B<<<<<1",), "0"),
    (bank.french, ("20041", "01005", "0500013M026"), "06"),
    (bank.spanish, ("2100", "0418", "0200051332"), "45"),
    (bank.italian, ("0542811101000000123456",), "X"),
    (bank.belgian, ("5390075470",), "34"),
    (bank.norwegian, ("8601111794",), "7"),
    (bank.polish, ("1090101",), "4"),
    (bank.portuguese, ("0002012312345678901",), "54"),
    (europe.nhs, ("943476591",), "9"),
    (europe.kvnr, ("A12345678",), "0"),
    (europe.nir, ("1841276451089",), "46"),
    (europe.dni, (12345678,), "Z"),
    (europe.dni, (1234567,), "L"),
    (europe.codice_fiscale, ("RSSMRA85T10A562",), "S"),
    (europe.codice_fiscale, ("RSSBBR69C48F839",), "A"),
    (europe.pesel, ("4405140135",), "9"),
    (europe.pesel, ("0207080362",), "8"),
    (europe.bsn_right, ("111222333",), True),
    (europe.bsn_right, ("111222334",), False),
    (europe.rijksregister, ("850730033",), "28"),
    (europe.hetu, ("131052308",), "T"),
    (europe.cpr_right, ("2110625629",), True),
    (europe.cpr_right, ("2110625628",), False),
    (europe.fodselsnummer, ("151086950",), "88"),
    (europe.isikukood, ("3760503029",), "9"),
    (europe.isikukood, ("3330924006",), "4"),
    (europe.personas_kods, ("1611751999",), "7"),
    (europe.cnp, ("163061512345",), "7"),
    (europe.egn, ("752316926",), "3"),
    (europe.emso, ("010100650000",), "6"),
    (europe.nif, ("50196484",), "3"),
    (europe.nif, ("12345678",), "9"),
    (europe.pps, ("1234567",), "T"),
    (europe.pps, ("6433435",), "F"),
    (europe.svnr, ("123", "010180"), "7"),
    (europe.rnokpp, ("175901377",), "6"),
    (europe.snils, ("112233445",), "95"),
    (europe.inn, ("5001007322",), "59"),
    (world.cpf, ("390533447",), "05"),
    (world.cpf, ("111444777",), "35"),
    (world.rut, ("12531909",), "2"),
    (world.rut, ("12345678",), "5"),
    (world.cuil, ("2005536168",), "2"),
    (world.curp, ("BOXW310820HNERXN0",), "9"),
    (world.cedula, ("171003406",), "5"),
    (world.resident, ("11010519491231002",), "X"),
    (world.resident, ("44052418800101001",), "4"),
    (world.taiwan, ("A12345678",), "9"),
    (world.hong_kong, ("G123456",), "A"),
    (world.hong_kong, ("A123456",), "3"),
    (world.nric, ("S", "1234567"), "D"),
    (world.rrn, ("971013901990",), "2"),
    (world.my_number, ("12345678901",), "8"),
    (world.thai, ("123456789012",), "1"),
    (world.tckn, ("100000001",), "46"),
    (world.tfn_right, ("123456782",), True),
    (world.tfn_right, ("123456783",), False),
    (world.medicare, ("21234567",), "0"),
    (world.ird, ("4909185",), "0"),
    (world.ird, ("3590150",), "7"),
    (bank.iban_right, ("DE89370400440532013001",), False),
    *((bank.iban_right, (number,), True) for number in IBANS),
    *((bank.iban, (number[:2], number[4:]), number) for number in IBANS),
)


def check():
    """Fails for the first function whose answer is another."""
    for function, asked, answer in KNOWN:
        got = function(*asked)
        assert got == answer, f"{function.__module__}.{function.__name__}{asked} is {answer}, not {got}"
