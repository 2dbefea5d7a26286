// The controls: what they say as fields of a plan, and which of them are to be seen.

const element = (id) => document.getElementById(id);

/** What each lossy format begins with when it is chosen. */
const QUALITIES = { jpeg: 90, webp: 85, avif: 60 };

export class Controls {
  #form;

  /** `changed` is called after every change, by hand or by reset. */
  constructor(form, changed) {
    this.#form = form;
    form.addEventListener("input", (event) => {
      if (event.target.id === "format") element("quality").value = QUALITIES[this.#value("format")] ?? 90;
      this.#show();
      changed();
    });
    form.addEventListener("reset", () => {
      // The controls have their first values only after this event.
      queueMicrotask(() => setTimeout(() => {
        this.#show();
        changed();
      }));
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#show();
  }

  /** The plan as `[name, value]`; what is as by default is left out, but for the format. */
  fields() {
    const fields = [];
    const background = this.#background();
    if (background === "color") fields.push(["background", this.#value("background-color")]);
    if (background === "blur") fields.push(["background", `blur:${this.#value("background-blur")}`]);
    const picture = element("background-image").files[0];
    if (background === "image" && picture) fields.push(["background_image", picture]);
    if (this.#number("border") > 0) {
      fields.push(["border", this.#value("border")]);
      fields.push(["border_color", this.#value("border-color")]);
      if (this.#value("border-style") !== "outline") fields.push(["border_style", this.#value("border-style")]);
    }
    if (element("shadow").checked) {
      fields.push(["shadow_opacity", this.#value("shadow-opacity")]);
      fields.push(["shadow_blur", this.#value("shadow-blur")]);
      fields.push(["shadow_offset", `${this.#value("shadow-x")} ${this.#value("shadow-y")}`]);
    }
    if (this.#crops()) fields.push(["crop_margin", `${this.#value("crop-margin")}%`]);
    for (const name of ["feather", "shift"]) {
      if (this.#number(name) !== 0) fields.push([name, this.#value(name)]);
    }
    fields.push(["format", this.#value("format")]);
    if (this.#value("format") in QUALITIES) fields.push(["quality", this.#value("quality")]);
    return fields;
  }

  /** The API key, or an empty text. */
  key() {
    return this.#value("key").trim();
  }

  /** Asks for an API key. */
  askForKey() {
    element("access").hidden = false;
  }

  #show() {
    const background = this.#background();
    element("crop").disabled = background === "blur";
    const seen = {
      border: this.#number("border") > 0,
      shadow: element("shadow").checked,
      crop: this.#crops(),
      quality: this.#value("format") in QUALITIES,
    };
    for (const part of this.#form.querySelectorAll("[data-when]")) {
      const [what, value] = part.dataset.when.split("=");
      part.hidden = value === undefined ? !seen[what] : background !== value;
    }
    for (const output of this.#form.querySelectorAll("output")) {
      const input = element(output.htmlFor.value);
      output.value = `${input.value}${input.dataset.unit ?? ""}`;
    }
  }

  #background() {
    return this.#form.elements.background.value;
  }

  #crops() {
    return element("crop").checked && !element("crop").disabled;
  }

  #value(id) {
    return element(id).value;
  }

  #number(id) {
    return Number(this.#value(id));
  }
}
