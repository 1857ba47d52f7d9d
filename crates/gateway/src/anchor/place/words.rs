//! In which words a server speaks what Amazon began: the same requests and the same signature, by other names.

/// The words of one.
pub(super) struct Words {
    /// Name of the signature.
    pub(super) algorithm: &'static str,
    /// What is put before the secret.
    pub(super) before_secret: &'static str,
    pub(super) service: &'static str,
    /// What ends the scope of a signature.
    pub(super) request: &'static str,
    pub(super) date: &'static str,
    pub(super) body_hash: &'static str,
    /// Header and value that let a write pass only where nothing is.
    pub(super) create: (&'static str, &'static str),
    /// Header that names the version of an object, and the parameter that asks for it.
    pub(super) version: (&'static str, &'static str),
    pub(super) lock_mode: &'static str,
    pub(super) lock_until: &'static str,
    pub(super) writes: Writes,
}

/// What writes are like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    /// Those under a lock must say what they hold, and buckets with locks keep every version: what is locked can have a
    /// newer one.
    Versions,
    /// The signature says what they hold. A bucket with locks may keep one version only, and then what is locked cannot
    /// be replaced: what is to be replaced gets no lock.
    Objects,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
pub(super) const S3: Words = Words {
    algorithm: "AWS4-HMAC-SHA256",
    before_secret: "AWS4",
    service: "s3",
    request: "aws4_request",
    date: "x-amz-date",
    body_hash: "x-amz-content-sha256",
    create: ("if-none-match", "*"),
    version: ("x-amz-version-id", "versionId"),
    lock_mode: "x-amz-object-lock-mode",
    lock_until: "x-amz-object-lock-retain-until-date",
    writes: Writes::Versions,
};

/// <https://cloud.google.com/storage/docs/authentication/signatures> and
/// <https://cloud.google.com/storage/docs/xml-api/reference-headers>
pub(super) const GOOGLE: Words = Words {
    algorithm: "GOOG4-HMAC-SHA256",
    before_secret: "GOOG4",
    service: "storage",
    request: "goog4_request",
    date: "x-goog-date",
    body_hash: "x-goog-content-sha256",
    create: ("x-goog-if-generation-match", "0"),
    version: ("x-goog-generation", "generation"),
    lock_mode: "x-goog-object-lock-mode",
    lock_until: "x-goog-object-lock-retain-until-date",
    writes: Writes::Objects,
};
