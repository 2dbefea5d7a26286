//! URLs that let somebody without credentials put or get one object.

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::Store;
use crate::{ObjectName, StoreError, error::from_driver};

/// What S3 and Google Cloud Storage allow at most.
const LONGEST: Duration = Duration::from_hours(7 * 24);
const SHORTEST: Duration = Duration::from_secs(1);

impl Store {
    /// A URL to which one may `PUT` the object, for so long (1 second to 7 days; more or less is cut to that).
    ///
    /// `None`: the store signs nothing. A folder and the memory do not, nor does a bucket that is reached with a
    /// signature of somebody else's or with none. The length of what is put is not limited by the URL: look at it with
    /// [`Self::head`], or [`get`](Self::get) it with a limit. The request has to have the
    /// [headers](Self::upload_headers) that the store asks for.
    pub async fn upload_url(&self, name: &ObjectName, lifetime: Duration) -> Result<Option<Url>, StoreError> {
        self.signed(Method::PUT, name, lifetime).await
    }

    /// Names and values of the headers that a `PUT` to an [`Self::upload_url`] must have: Azure asks for one.
    pub fn upload_headers(&self) -> &'static [(&'static str, &'static str)] {
        self.backend.upload_headers
    }

    /// A URL from which one may `GET` the object; as [`Self::upload_url`].
    pub async fn download_url(&self, name: &ObjectName, lifetime: Duration) -> Result<Option<Url>, StoreError> {
        self.signed(Method::GET, name, lifetime).await
    }

    async fn signed(&self, method: Method, name: &ObjectName, lifetime: Duration) -> Result<Option<Url>, StoreError> {
        let Some(signer) = &self.backend.signer else { return Ok(None) };
        let (path, lifetime) = (self.backend.path(name.as_str()), lifetime.clamp(SHORTEST, LONGEST));
        let signed = self.within(0, signer.signed_url(method, &path, lifetime)).await?;
        signed.map(Some).map_err(|error| from_driver(self.name(), &error))
    }
}
