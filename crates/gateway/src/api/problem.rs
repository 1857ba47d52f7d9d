//! What the API says when it does not do as asked: RFC 9457.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::approval::{Fault, NotBroken, NotDecided, NotPressed};
use crate::depot::NotMade;
use crate::policy::Duty;
use crate::publication::NotPublished;
use crate::refusal::Refusal;
use crate::review::NotReviewed;
use crate::sign_in::NoPasskey;
use crate::store;

/// A no, worded for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable word for programs.
    pub code: &'static str,
    /// What happened, and what to do.
    pub detail: String,
}

impl Problem {
    /// A refusal that the data path has too.
    pub fn of(refusal: Refusal) -> Self {
        let face = refusal.face();
        let status = StatusCode::from_u16(face.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, code: face.code, detail: format!("{}: {}", face.what, face.next) }
    }

    /// A request that makes no sense.
    pub fn request(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "malformed", detail: detail.into() }
    }

    /// Nothing there, or nothing that the caller may know of.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "unknown", detail: detail.into() }
    }

    /// Policy does not let them do it.
    pub(super) fn not_permitted(duty: Duty) -> Self {
        let detail = format!(
            "policy does not permit you `{}` in this gateway: ask whoever writes its policies",
            duty.as_str()
        );
        Self { status: StatusCode::FORBIDDEN, code: "not_permitted", detail }
    }

    /// The cookie came, but not from a page of the gateway.
    pub(super) fn cross_site() -> Self {
        let detail = "the request does not come from the console's own page, or without its token: reload it";
        Self { status: StatusCode::FORBIDDEN, code: "csrf", detail: detail.to_owned() }
    }

    /// The sign-in is over.
    pub(super) fn signed_out() -> Self {
        let detail = "your sign-in has ended: sign in again";
        Self { status: StatusCode::UNAUTHORIZED, code: "signed_out", detail: detail.to_owned() }
    }

    /// Nobody can tell whether the sign-in still stands.
    pub(super) fn issuer_unavailable() -> Self {
        let detail = "your identity provider cannot be reached, so nobody can tell whether your sign-in still \
                      stands: try again";
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "issuer_unavailable",
            detail: detail.to_owned(),
        }
    }

    /// Only a page does this, for whoever is signed in there.
    pub(super) fn console_only() -> Self {
        let detail = "this is done in the console, signed in there: a token of a program does not do";
        Self { status: StatusCode::FORBIDDEN, code: "console_only", detail: detail.to_owned() }
    }

    /// What they looked at is not what there is any more.
    pub(super) fn stale(detail: &str) -> Self {
        Self { status: StatusCode::CONFLICT, code: "stale", detail: detail.to_owned() }
    }

    /// What is made from the log is not made yet.
    pub(super) fn behind() -> Self {
        let detail = "the tree over the log is being read again: try again in a moment";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "behind", detail: detail.to_owned() }
    }

    /// A signed request that proves nobody.
    pub(super) fn unsigned(unsigned: NotPressed) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code: unsigned.code(), detail: unsigned.to_string() }
    }

    pub(super) fn body(&self, call: Uuid) -> Value {
        json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
            "call": call,
        })
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the API failed");
        match fault {
            Fault::Ledger(_) | Fault::Store(_) => Self::of(Refusal::LedgerUnavailable),
            Fault::Vault(_) | Fault::Malformed => Self::of(Refusal::Internal),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the API cannot read the store");
        Self::of(Refusal::LedgerUnavailable)
    }
}

impl From<NotDecided> for Problem {
    fn from(refused: NotDecided) -> Self {
        let detail = refused.to_string();
        let (status, code) = match refused {
            NotDecided::Unknown => return Self::unknown(detail),
            NotDecided::NotAPerson => (StatusCode::FORBIDDEN, "not_a_person"),
            NotDecided::Own => (StatusCode::FORBIDDEN, "own_call"),
            NotDecided::NotAnApprover => (StatusCode::FORBIDDEN, "not_an_approver"),
            NotDecided::PasskeyRequired => (StatusCode::FORBIDDEN, "passkey_required"),
            NotDecided::Passkey(_) => (StatusCode::FORBIDDEN, "passkey_refused"),
            NotDecided::Reason => (StatusCode::BAD_REQUEST, "reason_required"),
            NotDecided::Again => (StatusCode::CONFLICT, "already_decided"),
            NotDecided::Closed(_) => (StatusCode::CONFLICT, "closed"),
            NotDecided::Overtaken => (StatusCode::CONFLICT, "overtaken"),
            NotDecided::Busy => (StatusCode::CONFLICT, "busy"),
            NotDecided::Fault(fault) => return fault.into(),
        };
        Self { status, code, detail }
    }
}

impl From<NotBroken> for Problem {
    fn from(refused: NotBroken) -> Self {
        let detail = refused.to_string();
        let (status, code) = match refused {
            NotBroken::Unknown => return Self::unknown(detail),
            NotBroken::Wish(_) => return Self::request(detail),
            NotBroken::NotAPerson => (StatusCode::FORBIDDEN, "not_a_person"),
            NotBroken::Same => (StatusCode::FORBIDDEN, "second_person_required"),
            NotBroken::Own => (StatusCode::FORBIDDEN, "own_call"),
            NotBroken::Closed(_) => (StatusCode::CONFLICT, "closed"),
            NotBroken::Full => (StatusCode::CONFLICT, "full"),
            NotBroken::Fault(fault) => return fault.into(),
        };
        Self { status, code, detail }
    }
}

impl From<NotReviewed> for Problem {
    fn from(refused: NotReviewed) -> Self {
        let detail = refused.to_string();
        let (status, code) = match refused {
            NotReviewed::Unknown | NotReviewed::NoGrant(_) => return Self::unknown(detail),
            NotReviewed::Request(_) => return Self::request(detail),
            NotReviewed::Closed => (StatusCode::CONFLICT, "closed"),
            NotReviewed::Busy => (StatusCode::CONFLICT, "busy"),
            NotReviewed::NotAPerson => (StatusCode::FORBIDDEN, "not_a_person"),
            NotReviewed::NotAReviewer => (StatusCode::FORBIDDEN, "not_a_reviewer"),
            NotReviewed::Own(_) => (StatusCode::FORBIDDEN, "own_access"),
            NotReviewed::Store(error) => return error.into(),
            NotReviewed::Ledger(_) => return Self::of(Refusal::LedgerUnavailable),
            NotReviewed::Access(_) | NotReviewed::Malformed => {
                tracing::error!(error = detail, "a review of access failed");
                return Self::of(Refusal::Internal);
            }
        };
        Self { status, code, detail }
    }
}

impl From<NoPasskey> for Problem {
    fn from(error: NoPasskey) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            NoPasskey::Nowhere => (StatusCode::CONFLICT, "no_passkeys_here"),
            NoPasskey::NotAPerson => (StatusCode::FORBIDDEN, "not_a_person"),
            NoPasskey::Stale => (StatusCode::FORBIDDEN, "sign_in_again"),
            NoPasskey::Name | NoPasskey::Fault(_) | NoPasskey::Offer => {
                (StatusCode::BAD_REQUEST, "malformed")
            }
            NoPasskey::Full => (StatusCode::CONFLICT, "full"),
            NoPasskey::Taken => (StatusCode::CONFLICT, "taken"),
            NoPasskey::Busy => (StatusCode::CONFLICT, "busy"),
            NoPasskey::Unknown => return Self::unknown(detail),
            NoPasskey::Store(error) => return error.into(),
            NoPasskey::Ledger(_) | NoPasskey::Randomness(_) => {
                return Self::of(Refusal::LedgerUnavailable);
            }
        };
        Self { status, code, detail }
    }
}

impl From<NotPublished> for Problem {
    fn from(error: NotPublished) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            NotPublished::Off => (StatusCode::CONFLICT, "publishing_off"),
            NotPublished::NotAPerson => (StatusCode::FORBIDDEN, "not_a_person"),
            NotPublished::Files(_) | NotPublished::Rejected(_) => (StatusCode::BAD_REQUEST, "malformed"),
            NotPublished::Same => (StatusCode::CONFLICT, "same"),
            NotPublished::Unknown => return Self::unknown(detail),
            NotPublished::OtherSet | NotPublished::Stale => (StatusCode::CONFLICT, "stale"),
            NotPublished::Own => (StatusCode::FORBIDDEN, "second_person_required"),
            NotPublished::LockedOut => (StatusCode::CONFLICT, "locks_out"),
            NotPublished::Full => (StatusCode::CONFLICT, "full"),
            NotPublished::Busy => (StatusCode::CONFLICT, "busy"),
            NotPublished::Store(error) => return error.into(),
            NotPublished::Ledger(_) => return Self::of(Refusal::LedgerUnavailable),
            NotPublished::Vault(_)
            | NotPublished::Malformed
            | NotPublished::Forged
            | NotPublished::Withdrawn { .. } => return Self::of(Refusal::Internal),
        };
        Self { status, code, detail }
    }
}

impl From<NotMade> for Problem {
    fn from(refused: NotMade) -> Self {
        let detail = refused.to_string();
        let (status, code) = match refused {
            NotMade::Unknown => return Self::unknown(detail),
            NotMade::Request(_) => return Self::request(detail),
            NotMade::NotReady => (StatusCode::CONFLICT, "not_ready"),
            NotMade::Busy => (StatusCode::CONFLICT, "busy"),
            NotMade::Full(_) => (StatusCode::CONFLICT, "full"),
            NotMade::Store(error) => return error.into(),
            NotMade::Ledger(_) => return Self::of(Refusal::LedgerUnavailable),
            NotMade::Io { .. } | NotMade::Package(_) => {
                tracing::error!(error = detail, "an evidence package failed");
                return Self::of(Refusal::Internal);
            }
        };
        Self { status, code, detail }
    }
}
