//! Verifying RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2), for passkeys in security chips that know nothing else.
//!
//! Only public values are computed with, so nothing here has to take constant time. The crate `rsa` is not wanted in the tree
//! for what it does with private keys; this is the small half of it.

use sha2::{Digest as _, Sha256};

/// Bits of a modulus, in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// `DigestInfo` of SHA-256, up to the hash.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// A public key whose exponent is 65537.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rsa {
    bytes: usize,
    /// The modulus, the least limb first.
    modulus: Vec<u64>,
    /// `-modulus^-1` modulo 2^64.
    inverse: u64,
}

impl Rsa {
    /// `None` when the modulus is too short, too long, even, or begins with zero.
    pub(super) fn new(modulus: &[u8]) -> Option<Self> {
        let (first, last) = (*modulus.first()?, *modulus.last()?);
        // A modulus of 2048 bits fills its bytes.
        let filled = modulus.len() > *MODULUS_BYTES.start() || first & 0x80 != 0;
        if !MODULUS_BYTES.contains(&modulus.len()) || first == 0 || last & 1 == 0 || !filled {
            return None;
        }
        let bytes = modulus.len();
        let modulus = limbs(modulus, bytes.div_ceil(8));
        // Newton's iteration: each step doubles the bits that are right, from 3.
        let lowest = modulus[0];
        let mut inverse = lowest;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
        }
        Some(Self { bytes, modulus, inverse: inverse.wrapping_neg() })
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.bytes {
            return false;
        }
        let signature = limbs(signature, self.modulus.len());
        if !less(&signature, &self.modulus) {
            return false;
        }
        let hash = Sha256::digest(message);
        let padding = self.bytes - 3 - DIGEST_INFO.len() - hash.len();
        let expected = [&[0, 1][..], &vec![0xff; padding], &[0], &DIGEST_INFO, &hash].concat();
        self.power(&signature) == limbs(&expected, self.modulus.len())
    }

    /// `base^65537`, in Montgomery's form on the way: 65537 is 2^16 + 1.
    fn power(&self, base: &[u64]) -> Vec<u64> {
        let mut power = base.to_vec();
        for _ in 0..self.modulus.len() * 64 {
            power = self.double(&power);
        }
        for _ in 0..16 {
            power = self.multiply(&power, &power);
        }
        // With a factor that is not in the form, the product is not either.
        self.multiply(&power, base)
    }

    fn double(&self, value: &[u64]) -> Vec<u64> {
        let mut carry = 0;
        let doubled = value.iter().map(|limb| {
            let next = limb << 1 | carry;
            carry = limb >> 63;
            next
        });
        let doubled: Vec<u64> = doubled.collect();
        self.reduce(doubled, carry)
    }

    /// `left * right / 2^(64 * limbs)` modulo the modulus: Koç, Acar, Kaliski, *Analyzing and comparing Montgomery
    /// multiplication algorithms*, CIOS.
    fn multiply(&self, left: &[u64], right: &[u64]) -> Vec<u64> {
        let count = self.modulus.len();
        let mut sum = vec![0_u64; count + 2];
        for factor in right {
            let top = add_product(&mut sum[..count], left, *factor);
            let (high, over) = sum[count].overflowing_add(top);
            sum[count] = high;
            sum[count + 1] = u64::from(over);
            let quotient = sum[0].wrapping_mul(self.inverse);
            let top = add_product(&mut sum[..count], &self.modulus, quotient);
            let (high, over) = sum[count].overflowing_add(top);
            sum[count] = high;
            sum[count + 1] += u64::from(over);
            // The lowest limb is zero now.
            sum.rotate_left(1);
            sum[count + 1] = 0;
        }
        let carry = sum[count];
        sum.truncate(count);
        self.reduce(sum, carry)
    }

    /// A value below twice the modulus, less the modulus if it is not below it.
    fn reduce(&self, mut value: Vec<u64>, carry: u64) -> Vec<u64> {
        if carry == 0 && less(&value, &self.modulus) {
            return value;
        }
        let mut borrow = false;
        for (limb, subtrahend) in value.iter_mut().zip(&self.modulus) {
            let (once, under) = limb.overflowing_sub(*subtrahend);
            let (twice, again) = once.overflowing_sub(u64::from(borrow));
            *limb = twice;
            borrow = under || again;
        }
        value
    }
}

/// Adds `factor * values` to `sum`; answers what did not fit.
fn add_product(sum: &mut [u64], values: &[u64], factor: u64) -> u64 {
    let mut carry = 0_u128;
    for (limb, value) in sum.iter_mut().zip(values) {
        let wide = u128::from(*limb) + u128::from(*value) * u128::from(factor) + carry;
        let [low, high] = halves(wide);
        *limb = low;
        carry = u128::from(high);
    }
    halves(carry)[0]
}

fn halves(wide: u128) -> [u64; 2] {
    let mask = u128::from(u64::MAX);
    // Unwrap safety: both are below 2^64.
    [wide & mask, wide >> 64].map(|half| u64::try_from(half).expect("half of it"))
}

/// Big-endian bytes as limbs, the least one first.
fn limbs(bytes: &[u8], count: usize) -> Vec<u64> {
    let mut limbs: Vec<u64> = bytes
        .rchunks(8)
        .map(|chunk| chunk.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte)))
        .collect();
    limbs.resize(count, 0);
    limbs
}

fn less(left: &[u64], right: &[u64]) -> bool {
    left.iter().rev().lt(right.iter().rev())
}
