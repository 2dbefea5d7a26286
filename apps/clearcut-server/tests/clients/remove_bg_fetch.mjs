// The call as remove.bg documents it for Node, without a client library: arguments are the server and a photo.
import fs from "node:fs";

const [server, photo] = process.argv.slice(2);
const body = new FormData();
body.append("size", "auto");
body.append("image_file", new Blob([fs.readFileSync(photo)]), "photo.png");
const answer = await fetch(`${server}/v1.0/removebg`, { method: "POST", headers: { "X-Api-Key": "any-key" }, body });
if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
fs.writeFileSync("fetch.png", Buffer.from(await answer.arrayBuffer()));
