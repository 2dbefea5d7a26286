//! URLs of stores.

use url::Url;

use super::{Bucket, Cloud, NAMELESS, Options, Place, connection_string, misconfigured};
use crate::StoreError;

const CONNECTION_STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";

pub(super) fn parse(text: &str, lookup: &impl Fn(&str) -> Option<String>) -> Result<Place, StoreError> {
    let none = || {
        misconfigured(
            NAMELESS,
            "not the URL of a store, which is one of file:///path, s3://bucket/prefix, az://container/prefix, \
             gs://bucket/prefix and memory:",
        )
    };
    let url = Url::parse(text.trim()).map_err(|_| none())?;
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_more {
        let reason = "the URL of a store has no user, port, query or fragment: credentials are variables of their own";
        return Err(misconfigured(NAMELESS, reason));
    }
    match url.scheme() {
        "memory" => Ok(Place::Memory),
        "file" => match url.to_file_path() {
            Ok(path) => Ok(Place::Folder(path)),
            Err(()) => Err(misconfigured("folder", "a folder's URL has three slashes: file:///path")),
        },
        "s3" => of_bucket(Cloud::S3, &url, Options::look_up(Cloud::S3, lookup)),
        "gs" => of_bucket(Cloud::Gcs, &url, Options::look_up(Cloud::Gcs, lookup)),
        "az" => {
            let connection = lookup(CONNECTION_STRING).filter(|text| !text.trim().is_empty());
            let options = connection.map(|text| connection_string::parse(&text)).transpose()?;
            of_bucket(Cloud::Azure, &url, options.unwrap_or_else(|| Options::look_up(Cloud::Azure, lookup)))
        }
        _ => Err(none()),
    }
}

fn of_bucket(cloud: Cloud, url: &Url, options: Options) -> Result<Place, StoreError> {
    bucket(cloud, url.host_str().unwrap_or_default(), url.path(), options)
}

/// A bucket by its name, and what stands before every name in it.
pub(super) fn bucket(cloud: Cloud, name: &str, prefix: &str, options: Options) -> Result<Place, StoreError> {
    let is_part = |part: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        !part.bytes().all(|byte| byte == b'.') && part.bytes().all(is_allowed)
    };
    if !is_part(name) {
        return Err(misconfigured(
            cloud.name(),
            "a bucket or container has a name of letters, digits, '.', '_' and '-'",
        ));
    }
    let prefix = prefix.trim_matches('/');
    if !prefix.is_empty() && !prefix.split('/').all(is_part) {
        return Err(misconfigured(cloud.name(), "a prefix has letters, digits, '.', '_' and '-' between its slashes"));
    }
    Ok(Place::Bucket(Bucket { cloud, name: name.to_owned(), prefix: prefix.to_owned(), options }))
}

#[cfg(test)]
mod tests {
    use super::super::StoreConfig;
    use crate::StoreErrorKind;

    fn config(url: &str) -> StoreConfig {
        let lookup = |variable: &str| match variable {
            "AWS_SECRET_ACCESS_KEY" | "GOOGLE_SERVICE_ACCOUNT_KEY" => Some("hunter2".to_owned()),
            "AZURE_STORAGE_CONNECTION_STRING" => Some("AccountName=shop;AccountKey=hunter2==".to_owned()),
            _ => None,
        };
        StoreConfig::from_url(url, lookup).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn every_kind_of_store_has_its_url_and_none_shows_a_secret() {
        let check = |url: &str, shown: &str| {
            let told = format!("{:?}", config(url));
            assert_eq!(told, format!("StoreConfig {{ {shown} }}"), "{url}");
            assert!(!told.contains("hunter2"), "{told}");
        };
        check("memory:", r#"name: "memory", timeout: 10s"#);
        check("file:///var/lib/clear%20cut", r#"name: "folder", timeout: 10s, path: "/var/lib/clear cut""#);
        check(
            "s3://Shop_1/cut/outs/",
            r#"name: "s3", timeout: 10s, bucket: "Shop_1", prefix: "cut/outs", variables: ["AWS_SECRET_ACCESS_KEY"]"#,
        );
        check(
            "az://pictures",
            r#"name: "azure", timeout: 10s, bucket: "pictures", prefix: "", variables: ["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ENDPOINT"]"#,
        );
        check(
            "gs://pictures/a",
            r#"name: "gcs", timeout: 10s, bucket: "pictures", prefix: "a", variables: ["GOOGLE_SERVICE_ACCOUNT_KEY"]"#,
        );
    }

    #[test]
    fn other_urls_are_refused_with_the_way_out() {
        for (url, told) in [
            ("", "file:///path"),
            ("/var/lib/clearcut", "file:///path"),
            ("ftp://host/path", "s3://bucket/prefix"),
            ("file://host/path", "three slashes"),
            ("s3://", "a bucket or container has a name"),
            ("s3:///prefix", "a bucket or container has a name"),
            ("s3://key:secret@bucket", "credentials are variables"),
            ("s3://bucket?region=eu", "no user, port, query"),
            ("s3://bucket/a//b", "a prefix has letters"),
            ("s3://bucket/a%2Fb", "a prefix has letters"),
            ("gs://bucket/a b", "a prefix has letters"),
        ] {
            let error = StoreConfig::from_url(url, |_| None).expect_err(url);
            assert_eq!(error.kind(), StoreErrorKind::Configuration, "{url}");
            assert!(error.to_string().contains(told) && !error.to_string().contains("secret"), "{url}: {error}");
        }
    }
}
