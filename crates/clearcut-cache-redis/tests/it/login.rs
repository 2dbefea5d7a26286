//! Passwords, databases and TLS.

use clearcut_cache::{CacheTier, TierErrorKind};
use clearcut_cache_redis::{RedisConfig, RedisTier};
use clearcut_testkit::server::{RedisOptions, RedisServer};

use crate::server::{admin, connection, entry, eventually, key, long};

#[tokio::test]
async fn a_right_password_opens_and_a_wrong_one_is_a_configuration_error() {
    let Some(server) = RedisServer::start_with_or_skip(RedisOptions::default().password("p@ss:w/rd")) else { return };
    let open = |login: &str| {
        let url = format!("redis://{login}127.0.0.1:{}", server.port());
        RedisTier::connect(RedisConfig::from_url(url).unwrap())
    };
    let tier = open("default:p%40ss%3Aw%2Frd@").await.unwrap();
    tier.put(&key("a"), &entry("body"), &long()).await.unwrap();
    assert!(open(":p%40ss%3Aw%2Frd@").await.unwrap().get(&key("a")).await.unwrap().is_some());
    for login in ["default:sesame@", ""] {
        let error = open(login).await.unwrap_err();
        assert_eq!(error.kind(), TierErrorKind::Configuration, "{login}: {error}");
        assert!(!format!("{error:?}").contains("sesame"));
    }
    assert!(!format!("{tier:?}").contains("p@ss"), "{tier:?}");
}

#[tokio::test]
async fn databases_are_apart_and_one_that_is_not_there_is_a_configuration_error() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let open =
        |database: u8| RedisTier::connect(RedisConfig::from_url(format!("{}/{database}", server.url())).unwrap());
    let [zero, two] = [open(0).await.unwrap(), open(2).await.unwrap()];
    zero.put(&key("a"), &entry("body"), &long()).await.unwrap();
    assert_eq!(two.get(&key("a")).await.unwrap(), None);
    assert_eq!(open(200).await.unwrap_err().kind(), TierErrorKind::Configuration);
}

#[tokio::test]
async fn over_tls_a_server_must_show_a_certificate_that_is_trusted() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [certificate, private_key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&private_key, certified.signing_key.serialize_pem()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = [
        "CONFIG",
        "SET",
        "tls-cert-file",
        certificate.to_str().unwrap(),
        "tls-key-file",
        private_key.to_str().unwrap(),
        "tls-auth-clients",
        "no",
        "tls-port",
        &port.to_string(),
    ];
    let () = admin(&connection(&server).await, &settings).await;

    let config = RedisConfig::from_url(format!("rediss://localhost:{port}")).unwrap();
    let trusting = RedisTier::connect(config.clone().ca_certificates_pem(certified.cert.pem())).await.unwrap();
    eventually("a put over TLS", async || trusting.put(&key("a"), &entry("body"), &long()).await.ok()).await;
    assert!(trusting.get(&key("a")).await.unwrap().is_some());

    let error = RedisTier::connect(config).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
}
