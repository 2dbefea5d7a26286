//! The table of addresses and URLs.

use super::*;

fn destinations(allowed: &[&str]) -> Destinations {
    let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
    Destinations::new(&allowed)
}

#[test]
fn addresses_outside_of_the_public_internet_are_refused() {
    let public_only = destinations(&[]);
    for forbidden in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ] {
        assert!(!public_only.permits(forbidden.parse().unwrap()), "{forbidden}");
    }
}

#[test]
fn addresses_of_the_public_internet_are_permitted() {
    let public_only = destinations(&[]);
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.1",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "3ffe:ffff::1",
    ] {
        assert!(public_only.permits(public.parse().unwrap()), "{public}");
    }
}

#[test]
fn networks_can_be_opened() {
    let store = destinations(&["10.1.0.0/16", "fd00:1::/32"]);
    for (address, permitted) in
        [("10.1.2.3", true), ("10.2.0.1", false), ("fd00:1::5", true), ("fd00:2::5", false), ("::ffff:10.1.2.3", false)]
    {
        assert_eq!(store.permits(address.parse().unwrap()), permitted, "{address}");
    }
    let translated = destinations(&["64:ff9b::/96", "2002::/16", "::/64"]);
    for (address, permitted) in [
        ("64:ff9b::808:808", true),
        ("64:ff9b::7f00:1", false),
        ("64:ff9b::a9fe:a9fe", false),
        ("2002:808:808::1", true),
        ("2002:a00:1::1", false),
        ("::ffff:8.8.8.8", true),
        ("::ffff:10.0.0.1", false),
        ("::10.0.0.1", false),
    ] {
        assert_eq!(translated.permits(address.parse().unwrap()), permitted, "{address}");
    }
}

#[test]
fn urls_that_lead_inside_or_are_no_web_addresses_are_refused() {
    let public_only = destinations(&[]);
    for forbidden in [
        "",
        "picture.jpg",
        "//example.com/a.jpg",
        "ftp://example.com/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "gopher://example.com/",
        "jar:http://example.com!/",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "http://",
        "http:///",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0/",
        "http://0x0/",
        "http://00000000/",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://127.0.0.1%2f@example.com/",
        "http://%31%32%37.0.0.1/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[fd00:ec2::254]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1%25eth0]/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://localhost:6379/",
        "http://a.localhost/",
        "http://a.localhost./",
        "http://ｌocalhost/",
        "http://example.com./",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        " \thttp://127.0.0.1/",
        "ht\ntp://127.0.0.1/",
    ] {
        assert!(public_only.parse(forbidden).is_err(), "{forbidden:?}");
    }
    assert!(public_only.parse(&format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES))).is_err());
}

#[test]
fn web_addresses_of_public_hosts_are_read() {
    let public_only = destinations(&[]);
    for public in [
        "http://example.com",
        "HTTPS://EXAMPLE.COM:8443/a.jpg?b=c#d",
        "https://images.example.com/größe.jpg",
        "https://bücher.example/a.png",
        "http://8.8.8.8/a.jpg",
        "http://[2606:4700:4700::1111]/a.jpg",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
    ] {
        public_only.parse(public).unwrap_or_else(|refused| panic!("{public}: {refused}"));
    }
}

#[tokio::test]
async fn a_name_is_refused_for_what_it_leads_to() {
    // Every system knows this name, and no resolver on the network is asked for it.
    let resolve =
        async |allowed: &[&str]| destinations(allowed).resolve("localhost".parse().unwrap()).await.map(Iterator::count);
    let error = resolve(&[]).await.unwrap_err();
    assert_eq!(Refused::behind(&*error), Some(&Refused::NOT_PUBLIC));
    assert!(!error.to_string().contains("127"), "{error}");
    assert!(resolve(&["127.0.0.0/8", "::1/128"]).await.unwrap() > 0);
}
