//! Azure's connection strings: `AccountName=…;AccountKey=…;EndpointSuffix=…`.

use super::{Cloud, Options, misconfigured};
use crate::StoreError;

const DEFAULT_SUFFIX: &str = "core.windows.net";

/// The account, its key or a shared access signature, and where its blobs are.
pub(super) fn parse(text: &str) -> Result<Options, StoreError> {
    let fields = fields(text)?;
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
            .map(|(_, value)| *value)
    };
    if field("UseDevelopmentStorage").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(Options::new(Cloud::Azure).with("AZURE_STORAGE_USE_EMULATOR", "true"));
    }
    let endpoint = match (field("BlobEndpoint"), field("AccountName")) {
        (Some(endpoint), _) => endpoint.trim_end_matches('/').to_owned(),
        (None, Some(account)) => {
            let protocol = field("DefaultEndpointsProtocol").unwrap_or("https");
            format!("{protocol}://{account}.blob.{}", field("EndpointSuffix").unwrap_or(DEFAULT_SUFFIX))
        }
        (None, None) => return Err(none("it has neither AccountName nor BlobEndpoint")),
    };
    // A shared access signature comes with an address, from which the account is the first word.
    let account = field("AccountName").or_else(|| endpoint.split_once("://")?.1.split('.').next());
    let signature = field("SharedAccessSignature").map(|signature| signature.trim_start_matches('?'));
    if field("AccountKey").is_none() && signature.is_none() {
        return Err(none("it has neither AccountKey nor SharedAccessSignature"));
    }
    Ok(Options::new(Cloud::Azure)
        .with("AZURE_STORAGE_ACCOUNT_NAME", account.unwrap_or_default())
        .with("AZURE_STORAGE_ACCOUNT_KEY", field("AccountKey").unwrap_or_default())
        .with("AZURE_STORAGE_SAS_TOKEN", signature.unwrap_or_default())
        .with("AZURE_STORAGE_ENDPOINT", &endpoint))
}

fn fields(text: &str) -> Result<Vec<(&str, &str)>, StoreError> {
    let fields = text.split(';').map(str::trim).filter(|field| !field.is_empty());
    // Only the first `=`: keys end with some of their own.
    let pairs = fields.map(|field| field.split_once('=').map(|(name, value)| (name.trim(), value.trim())));
    pairs.collect::<Option<_>>().ok_or_else(|| none("it is not made of name=value, with semicolons between them"))
}

/// Does not quote the string, which is a secret.
fn none(why: &str) -> StoreError {
    misconfigured(Cloud::Azure.name(), format!("AZURE_STORAGE_CONNECTION_STRING is no connection string: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Vec<(&'static str, String)> {
        let options = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        options.iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    #[test]
    fn an_account_with_its_key_is_found_at_azure() {
        let text = "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=aGV5==;EndpointSuffix=core.windows.net";
        let expected = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "shop".to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", "aGV5==".to_owned()),
            ("AZURE_STORAGE_ENDPOINT", "https://shop.blob.core.windows.net".to_owned()),
        ];
        assert_eq!(options(text), expected);
        assert_eq!(options(" accountname = shop ; ACCOUNTKEY=aGV5== ; "), expected);
    }

    #[test]
    fn an_endpoint_of_its_own_and_a_signature_are_taken_as_they_are() {
        let local = options("AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:10000/a/;QueueEndpoint=http://q");
        assert_eq!(local[2], ("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:10000/a".to_owned()));
        let signed = "BlobEndpoint=https://shop.blob.core.windows.net;SharedAccessSignature=?sv=2024&sig=a%3D";
        assert_eq!(
            options(signed),
            [
                ("AZURE_STORAGE_ACCOUNT_NAME", "shop".to_owned()),
                ("AZURE_STORAGE_SAS_TOKEN", "sv=2024&sig=a%3D".to_owned()),
                ("AZURE_STORAGE_ENDPOINT", "https://shop.blob.core.windows.net".to_owned()),
            ]
        );
        assert_eq!(options("UseDevelopmentStorage=true"), [("AZURE_STORAGE_USE_EMULATOR", "true".to_owned())]);
    }

    #[test]
    fn anything_else_is_refused_without_being_quoted() {
        for text in ["", "hunter2", "AccountName=hunter2", "AccountKey=hunter2", "AccountName=hunter2;AccountKey="] {
            let error = parse(text).err().expect(text).to_string();
            assert!(error.contains("is no connection string") && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
