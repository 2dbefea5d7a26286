//! rembg's habits: `i`, `p` and `b` with its options, told in our own words before they are parsed.

use std::ffi::OsString;

use crate::exit::Failure;

/// Rewrites a rembg command line; any other is given back as it is.
///
/// | rembg | here |
/// |---|---|
/// | `i IN OUT` | `remove IN -o OUT`, both `-` by default |
/// | `p IN OUT` | `remove IN -o OUT --recursive --skip-existing`, the tree kept |
/// | `b W H -o out-%03u.png` | the same, hidden |
/// | `-om` | `--mask` |
/// | `-ppm` | `--threshold 128` |
/// | `-bgc R G B A` | `--background rrggbbaa` |
/// | `-a` | `--edges matting` |
/// | `-af N`, `-ab N`, `-ae N` | nothing: the unknown band comes from the matte's own uncertainty |
pub fn translate(args: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let verb = args.get(1).and_then(|arg| arg.to_str()).unwrap_or_default().to_owned();
    if !["i", "p", "b"].contains(&verb.as_str()) {
        return Ok(args);
    }
    let mut args = args.into_iter();
    let mut out: Vec<OsString> = args.next().into_iter().collect();
    args.next();
    let mut places = Vec::new();
    let mut options: Vec<OsString> = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || {
            let option = arg.to_string_lossy().into_owned();
            args.next().ok_or_else(|| Failure::usage(format!("{option} needs a value")))
        };
        match arg.to_str().unwrap_or_default() {
            "-om" | "--only-mask" => options.push("--mask".into()),
            "-ppm" | "--post-process-mask" => options.push("--threshold=128".into()),
            "-bgc" | "--bgcolor" => options.push(background(&[value()?, value()?, value()?, value()?])?),
            "-a" | "--alpha-matting" => options.push("--edges=matting".into()),
            "-af" | "-ab" | "-ae" => drop(value()?),
            "-w" | "--watch" => options.push("--watch".into()),
            "-d" | "--delete_input" => {
                return Err(Failure::usage("-d deletes photos, which clearcut never does; delete them afterwards"));
            }
            "-x" | "--extras" => {
                return Err(Failure::usage("-x is not understood; name a network with --model-file and --family"));
            }
            "-m" | "--model" | "-o" | "--output" => options.extend([arg.clone(), value()?]),
            option if option.starts_with('-') && option.len() > 1 => options.push(arg),
            _ => places.push(arg),
        }
    }
    if verb == "b" {
        out.push("b".into());
        out.extend(places);
    } else {
        let mut places = places.into_iter();
        let input = places.next();
        let output = places.next();
        if verb == "p" {
            let (Some(input), Some(output)) = (input, output) else {
                return Err(Failure::usage("`p` needs an input folder and an output folder"));
            };
            // The separator says that a folder is meant, whether or not it is there yet.
            let mut folder = output;
            folder.push("/");
            out.extend(["remove".into(), input, "-o".into(), folder, "--recursive".into(), "--skip-existing".into()]);
        } else {
            let stream = || OsString::from("-");
            out.extend(["remove".into(), input.unwrap_or_else(stream), "-o".into(), output.unwrap_or_else(stream)]);
        }
    }
    out.extend(options);
    Ok(out)
}

fn background(channels: &[OsString; 4]) -> Result<OsString, Failure> {
    let mut color = [0; 4];
    for (channel, value) in channels.iter().zip(&mut color) {
        *value = channel.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Failure::usage(format!("-bgc takes four numbers from 0 to 255, not `{}`", channel.to_string_lossy()))
        })?;
    }
    let [r, g, b, a] = color;
    Ok(format!("--background={r:02x}{g:02x}{b:02x}{a:02x}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str, expected: &str) {
        let args = std::iter::once("clearcut").chain(args.split(' ')).map(OsString::from).collect();
        let told = match translate(args) {
            Ok(args) => args.iter().skip(1).map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" "),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn rembgs_habits_are_told_in_our_words() {
        check("i in.jpg out.png", "remove in.jpg -o out.png");
        check("i", "remove - -o -");
        check("i -m u2net -om in.jpg out.png", "remove in.jpg -o out.png -m u2net --mask");
        check("i -a -ae 15 -bgc 255 0 16 128 a b", "remove a -o b --edges=matting --background=ff001080");
        check("p -w in out", "remove in -o out/ --recursive --skip-existing --watch");
        check("b 640 480 -o out-%03u.png", "b 640 480 -o out-%03u.png");
        check("p in", "`p` needs an input folder and an output folder");
        check("i -bgc 1 2 3 x a", "-bgc takes four numbers from 0 to 255, not `x`");
        check("p -d in out", "-d deletes photos, which clearcut never does; delete them afterwards");
    }

    #[test]
    fn everything_else_is_left_alone() {
        check("remove -om x", "remove -om x");
    }
}
