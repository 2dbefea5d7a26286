// Runs the client `remove.bg` of npm: arguments are a photo and the photo's address.
const fs = require("fs");
const client = require("remove.bg");

const [photo, photoUrl] = process.argv.slice(2);
const apiKey = "any-key";

async function main() {
  const results = [
    await client.removeBackgroundFromImageFile({ path: photo, apiKey, size: "regular", type: "product", outputFile: "file.png" }),
    await client.removeBackgroundFromImageBase64({
      base64img: fs.readFileSync(photo).toString("base64"), apiKey, size: "full", outputFile: "base64.png",
    }),
    await client.removeBackgroundFromImageUrl({
      url: photoUrl, apiKey, crop: true, crop_margin: "5px", scale: "80%", outputFile: "url.png",
    }),
  ];
  const told = results.map(({ base64img, ...rest }) => rest);
  const refused = await client.removeBackgroundFromImageFile({ path: "flat.png", apiKey }).then(
    () => { throw new Error("a picture without a subject was not refused"); },
    (errors) => errors,
  );
  console.log(JSON.stringify({ told, title: refused[0].title, code: refused[0].code }));
}

main().catch((error) => { console.error(error); process.exit(1); });
