//! Signature algorithms of tokens (RFC 7518, section 3; RFC 8037; RFC 9864). All are asymmetric: there is no value for
//! `none` or for HMAC, so no configuration, token or key set can bring them in.

use aws_lc_rs::signature::{self, RsaParameters, VerificationAlgorithm};

/// A signature algorithm that the gateway verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

/// Which keys serve an algorithm.
pub(super) enum Family {
    /// `kty` RSA, 2048 to 8192 bits.
    Rsa(&'static RsaParameters),
    /// `kty` EC on the named curve; coordinates of so many bytes each.
    Ec { crv: &'static str, coordinate_bytes: usize, verification: &'static dyn VerificationAlgorithm },
    /// `kty` OKP, `crv` Ed25519.
    Ed25519,
}

impl Algorithm {
    pub(super) const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The algorithm named `name` in JOSE. `Ed25519` (RFC 9864) is the same algorithm as `EdDSA` with the one curve
    /// that the gateway supports.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Rs256 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Self::Es256 => Family::Ec {
                crv: "P-256",
                coordinate_bytes: 32,
                verification: &signature::ECDSA_P256_SHA256_FIXED,
            },
            Self::Es384 => Family::Ec {
                crv: "P-384",
                coordinate_bytes: 48,
                verification: &signature::ECDSA_P384_SHA384_FIXED,
            },
            Self::Es512 => Family::Ec {
                crv: "P-521",
                coordinate_bytes: 66,
                verification: &signature::ECDSA_P521_SHA512_FIXED,
            },
            Self::EdDsa => Family::Ed25519,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::parse("Ed25519"), Some(Algorithm::EdDsa));
    }

    #[test]
    fn none_and_hmac_do_not_exist() {
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "RS1", "ES256K", "Ed448"]
        {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
