//! Numbers by which Brazil knows people, beside those of taxpayers.

use super::number;
use crate::detect::check::brazil;
use crate::detect::{Class, Detector, Need};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    number(
        "br-cnh",
        &["99999999999", "999 999 999 99"],
        brazil::cnh,
        &[
            "cnh",
            "carteira nacional de habilitacao",
            "carteira nacional de habilitação",
            "carteira de motorista",
        ],
        Need::Required,
        &["CNH 94580730242", r#"{"cnh":"157 368 193 48"}"#],
        &["94580730242", "CNH 94580730243"],
    ),
    Detector {
        class: Class::Health,
        ..number(
            "br-cns",
            &["999999999999999", "999 9999 9999 9999"],
            brazil::cns,
            &["cns", "cartao nacional de saude", "cartão nacional de saúde", "cartao sus", "cartão sus"],
            Need::Required,
            &["CNS 784 7195 4061 3689", r#"{"cns":170293137580000}"#],
            &["784 7195 4061 3689", "CNS 784 7195 4061 3688"],
        )
    },
    number(
        "br-pis",
        &["999.99999.99-9", "99999999999"],
        brazil::pis,
        &["pis", "pasep", "nis", "nit"],
        Need::Bare,
        &["245.38323.64-4", "PIS/PASEP 99722003322"],
        &["245.38323.64-5", "99722003322"],
    ),
    number(
        "br-voter",
        &["999999999999", "9999 9999 9999"],
        brazil::voter,
        &[
            "titulo de eleitor",
            "título de eleitor",
            "titulo eleitoral",
            "título eleitoral",
            "titulo eleitor",
            "voter id",
        ],
        Need::Required,
        &["Título de eleitor: 5277 2040 2429", r#"{"tituloEleitoral":"909514541627"}"#],
        &["5277 2040 2429", "Título de eleitor: 5277 2040 2428"],
    ),
];
