//! Signed, expiring URLs: HMAC-SHA256 over the path and the time, with several keys so that they can be rotated.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::{Code, Failure, Outcome};

/// Shortest secret, in bytes.
const MIN_SECRET_BYTES: usize = 16;
/// Longest id of a key, in bytes.
const MAX_ID_BYTES: usize = 64;

/// Signs URLs with its first key and knows those signed with any.
///
/// Signed are the path, as it stands in the request line, and the time of expiry, joined by a line feed; not the method
/// and no other field of the query. The query says `expires` in Unix seconds, the id of the key and the signature in
/// base64url.
pub struct Signer {
    signing: SigningKey,
    /// Known still, for what they have signed.
    older: Vec<SigningKey>,
}

/// A key and its id.
type SigningKey = (String, hmac::Key);

impl Signer {
    /// A signer with keys of the form `id:secret`; `None` without keys.
    ///
    /// # Errors
    ///
    /// A key without an id or of another form, a secret that is short, two keys of one id. No message has a secret.
    pub fn from_settings(keys: &[SecretString]) -> Result<Option<Self>> {
        let mut known: Vec<SigningKey> = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let number = index + 1;
            let (id, secret) = key
                .expose_secret()
                .split_once(':')
                .with_context(|| format!("signing key {number} is not `id:secret`"))?;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            ensure!(
                (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_plain),
                "the id of signing key {number} has 1 to {MAX_ID_BYTES} letters, digits, `-`, `_` and `.`"
            );
            ensure!(
                secret.len() >= MIN_SECRET_BYTES,
                "the secret of signing key {number} is shorter than {MIN_SECRET_BYTES} characters"
            );
            ensure!(known.iter().all(|(other, _)| other != id), "signing key {number} has the id of one before it");
            known.push((id.to_owned(), hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())));
        }
        let mut known = known.into_iter();
        Ok(known.next().map(|signing| Self { signing, older: known.collect() }))
    }

    /// `path` with a query that proves it until `expires`. The path begins with a slash and has no query.
    pub fn sign(&self, path: &str, expires: SystemTime) -> String {
        // Rounded up: it is valid for as long as it was promised.
        let expires = expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().div_ceil(1000).to_string();
        let (id, key) = &self.signing;
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(key, canonical(path, &expires).as_bytes()));
        format!("{path}?expires={expires}&key={id}&signature={signature}")
    }

    /// Whether `path` and `query` are a signed URL that is valid at `now`; `false` where nothing claims to be signed.
    ///
    /// # Errors
    ///
    /// [`Code::Forbidden`] for one that expired, was altered, or whose key is not known any more.
    pub fn verify(&self, path: &str, query: &str, now: SystemTime) -> Outcome<bool> {
        let altered = || Failure::new(Code::Forbidden, "the signature does not fit this URL; ask for a new one");
        let mut values = [const { None }; 3];
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(at) = ["expires", "key", "signature"].iter().position(|known| *known == name) else { continue };
            if values[at].replace(value).is_some() {
                return Err(altered());
            }
        }
        let (expires, id, signature) = match values {
            [Some(expires), Some(id), Some(signature)] => (expires, id, signature),
            // Either of the others alone may be a field of the call itself.
            [_, _, None] => return Ok(false),
            _ => return Err(altered()),
        };
        let (_, key) = self.keys().find(|(known, _)| *known == id).ok_or_else(altered)?;
        let signature = URL_SAFE_NO_PAD.decode(signature.as_bytes()).map_err(|_| altered())?;
        hmac::verify(key, canonical(path, &expires).as_bytes(), &signature).map_err(|_| altered())?;
        // Only now: what is not signed is not read further.
        let expires = expires.parse().ok().and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        if expires.is_none_or(|expires| expires <= now) {
            return Err(Failure::new(Code::Forbidden, "this URL has expired; ask for a new one"));
        }
        Ok(true)
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.signing).chain(&self.older)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|(id, _)| id)).finish()
    }
}

/// What is signed.
fn canonical(path: &str, expires: &str) -> String {
    format!("{path}\n{expires}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = UNIX_EPOCH;
    const OLD: &str = "2025:an old secret of the operator";
    const NEW: &str = "2026:a new secret of the operator";

    fn signer(keys: &[&str]) -> Signer {
        Signer::from_settings(&secrets(keys)).unwrap().unwrap()
    }

    fn secrets(keys: &[&str]) -> Vec<SecretString> {
        keys.iter().map(|key| SecretString::from(*key)).collect()
    }

    fn verify(signer: &Signer, url: &str, now: SystemTime) -> Result<bool, String> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        signer.verify(path, query, now).map_err(|failure| {
            assert_eq!(failure.code(), Code::Forbidden);
            failure.detail().to_owned()
        })
    }

    #[test]
    fn a_signed_url_is_valid_until_it_expires() {
        let signer = signer(&[NEW]);
        let after = |s| NOW + Duration::from_secs_f64(s);
        let url = signer.sign("/v1/cutouts/remove_bg:abc", after(10.5));
        assert!(url.starts_with("/v1/cutouts/remove_bg:abc?expires=11&key=2026&signature="), "{url}");
        assert_eq!(verify(&signer, &url, NOW), Ok(true));
        assert_eq!(verify(&signer, &url, after(10.9)), Ok(true));
        assert!(verify(&signer, &url, after(11.0)).unwrap_err().contains("expired"));
        assert_eq!(verify(&signer, &format!("{url}&download=1"), NOW), Ok(true), "other fields are not signed");
    }

    #[test]
    fn the_signature_is_hmac_sha256_of_path_and_expiry() {
        // Computed with Python's hmac: hmac.new(secret, b"/a\n60", "sha256").
        let url = signer(&["k:0123456789abcdef"]).sign("/a", NOW + Duration::from_mins(1));
        assert_eq!(url, "/a?expires=60&key=k&signature=1kkyjC4yKE9Z20Qorl76Qqwn7Llqgjf4jqmfA7WNW_Q");
    }

    #[test]
    fn keys_can_be_rotated() {
        let url = signer(&[OLD]).sign("/a", NOW + Duration::from_mins(1));
        let both = signer(&[NEW, OLD]);
        assert_eq!(verify(&both, &url, NOW), Ok(true));
        assert!(both.sign("/a", NOW).contains("key=2026"), "the first one signs");
        assert!(verify(&signer(&[NEW]), &url, NOW).is_err(), "a key that was taken out");
        assert!(verify(&signer(&["2025:another secret than it was"]), &url, NOW).is_err());
    }

    #[test]
    fn whatever_was_altered_is_refused() {
        let signer = signer(&[NEW, OLD]);
        let url = signer.sign("/v1/cutouts/a", NOW + Duration::from_mins(1));
        let signature = &url[url.find("signature=").unwrap() + 10..];
        for altered in [
            url.replace("cutouts/a", "cutouts/b"),
            url.replace("cutouts/a", "cutouts/a/"),
            url.replace("expires=60", "expires=61"),
            url.replace("expires=60", "expires=060"),
            url.replace("expires=60", "expires=%2B60"),
            url.replace("expires=60", "expires=99999999999999999999999"),
            url.replace("key=2026", "key=2025"),
            url.replace("key=2026", "key="),
            url.replace("&key=2026", ""),
            url.replace("expires=60&", ""),
            url.replace(signature, ""),
            url.replace(signature, "AAAA"),
            url.replace(signature, "not base64!"),
            url.replace(signature, &signature[..signature.len() - 1]),
            url.replace(signature, &signature.to_ascii_lowercase()),
            format!("{url}&expires=60"),
            format!("{url}&signature={signature}"),
            format!("{url}=="),
        ] {
            assert!(verify(&signer, &altered, NOW).unwrap_err().contains("does not fit"), "{altered}");
        }
    }

    #[test]
    fn what_is_not_signed_does_not_claim_to_be() {
        let signer = signer(&[NEW]);
        for url in ["/a", "/a?x=1", "/a?expires=60", "/a?key=2026"] {
            assert_eq!(verify(&signer, url, NOW), Ok(false), "{url}");
        }
    }

    #[test]
    fn keys_without_sense_are_refused_and_no_secret_is_shown() {
        assert!(Signer::from_settings(&[]).unwrap().is_none());
        for keys in [
            &["secret without an id"][..],
            &[":0123456789abcdef"],
            &["a b:0123456789abcdef"],
            &["a:0123456"],
            &[OLD, OLD],
        ] {
            let error = format!("{:#}", Signer::from_settings(&secrets(keys)).unwrap_err());
            assert!(
                !error.contains("0123456") && !error.contains("secret without") && !error.contains("old secret"),
                "{error}"
            );
        }
        assert_eq!(format!("{:?}", signer(&[NEW, OLD])), r#"["2026", "2025"]"#);
    }
}
