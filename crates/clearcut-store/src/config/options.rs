//! What the variables say of a bucket.

use secrecy::{ExposeSecret, SecretString};

use super::misconfigured;
use crate::StoreError;

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    S3,
    Azure,
    Gcs,
}

/// Lets the machine that the process runs on vouch for it.
pub(crate) const MACHINE_IDENTITY: &str = "CLEARCUT_STORE_MACHINE_IDENTITY";

impl Cloud {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Azure => "azure",
            Self::Gcs => "gcs",
        }
    }

    /// The variables that are looked up. In small letters they are the driver's own names of its settings.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::S3 => &[
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_DEFAULT_REGION",
                "AWS_REGION",
                "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_S3",
                "AWS_ENDPOINT_URL_STS",
                "AWS_ALLOW_HTTP",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
                "AWS_SKIP_SIGNATURE",
                "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                "AWS_SERVER_SIDE_ENCRYPTION",
                "AWS_SSE_KMS_KEY_ID",
                "AWS_REQUEST_PAYER",
            ],
            Self::Azure => &[
                "AZURE_STORAGE_ACCOUNT_NAME",
                "AZURE_STORAGE_ACCOUNT_KEY",
                "AZURE_STORAGE_SAS_TOKEN",
                "AZURE_STORAGE_ENDPOINT",
                "AZURE_STORAGE_USE_EMULATOR",
                "AZURE_TENANT_ID",
                "AZURE_CLIENT_ID",
                "AZURE_CLIENT_SECRET",
                "AZURE_FEDERATED_TOKEN_FILE",
                "AZURE_AUTHORITY_HOST",
            ],
            Self::Gcs => &[
                "GOOGLE_SERVICE_ACCOUNT",
                "GOOGLE_SERVICE_ACCOUNT_KEY",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "GOOGLE_SKIP_SIGNATURE",
                "GOOGLE_BASE_URL",
            ],
        }
    }
}

/// The variables that are set. All of them are treated as secrets, since some are.
#[derive(Clone)]
pub(crate) struct Options {
    store: &'static str,
    set: Vec<(&'static str, SecretString)>,
}

impl Options {
    pub(super) fn new(cloud: Cloud) -> Self {
        Self { store: cloud.name(), set: Vec::new() }
    }

    pub(super) fn look_up(cloud: Cloud, lookup: &impl Fn(&str) -> Option<String>) -> Self {
        let variables = cloud.variables().iter().chain(&[MACHINE_IDENTITY]);
        let set = variables.filter_map(|variable| Some((*variable, lookup(variable)?)));
        set.fold(Self::new(cloud), |options, (variable, value)| options.with(variable, &value))
    }

    /// Nothing, if the value is empty.
    pub(super) fn with(mut self, variable: &'static str, value: &str) -> Self {
        if !value.trim().is_empty() {
            self.set.push((variable, value.trim().into()));
        }
        self
    }

    pub(crate) fn get(&self, variable: &str) -> Option<&str> {
        self.set.iter().find(|(known, _)| *known == variable).map(|(_, value)| value.expose_secret())
    }

    pub(crate) fn has_all(&self, variables: &[&str]) -> bool {
        variables.iter().all(|variable| self.get(variable).is_some())
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, variable: &'static str) -> Result<bool, StoreError> {
        let value = self.get(variable).unwrap_or("false").to_ascii_lowercase();
        match value.as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(misconfigured(self.store, format!("{variable} is neither true nor false"))),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.set.iter().map(|(variable, value)| (*variable, value.expose_secret()))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.set.iter().map(|(variable, _)| *variable)
    }
}
