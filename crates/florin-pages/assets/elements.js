// Elements: fields of a card in a frame of a merchant's page, which tells them what to do and hears what came of it.
//
// Messages are taken from the merchant's registered origins and sent to them, and nowhere else; no digit that was typed goes into
// one. What is typed is sent to our own server alone, which checks everything again.
(() => {
  "use strict";

  const form = document.getElementById("elements");
  if (!form) return;
  const registered = form.dataset.origins.split(" ").filter(Boolean);
  const element = form.dataset.element;
  const inputs = [...form.querySelectorAll("input")];
  const said = document.getElementById("said");
  const digits = (text) => text.replace(/\D/g, "");

  /** Tells the page around this one. The browser drops what is meant for another origin than is there. */
  function tell(message, origin) {
    if (window.parent === window) return;
    const around = origin ? [origin] : registered.filter((known) => known === window.location.ancestorOrigins?.[0]);
    for (const one of around.length > 0 ? around : registered) window.parent.postMessage({ element, ...message }, one);
  }

  function passesLuhn(number) {
    let sum = 0;
    for (let index = 0; index < number.length; index += 1) {
      const digit = Number(number[number.length - 1 - index]) * ((index % 2) + 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 === 0;
  }

  const faults = {
    cardNo(text) {
      const number = digits(text);
      if (number === "") return "Card No. Required";
      return number.length >= 12 && number.length <= 19 && passesLuhn(number) ? "" : "Invalid Card No.";
    },
    cardExpiry(text) {
      const typed = digits(text);
      if (typed.length < 4) return "Incomplete Expiry";
      const [month, year] = [typed.slice(0, 2), typed.slice(2)];
      if (!(month >= "01" && month <= "12") || ![2, 4].includes(year.length)) return "Invalid Expiry";
      return `${year.padStart(4, "20")}-${month}` < form.dataset.month ? "Expired card" : "";
    },
    cardCVV: (text) => (/^\d{3,4}$/.test(text.trim()) ? "" : "Invalid CVV"),
  };

  const tidy = {
    cardNo: (text) => digits(text).slice(0, 19).replace(/(.{4})(?=.)/g, "$1 "),
    cardExpiry(text) {
      const typed = digits(/^[2-9]/.test(text.trim()) ? `0${text.trim()}` : text).slice(0, 6);
      return typed.length > 2 ? `${typed.slice(0, 2)}/${typed.slice(2)}` : typed;
    },
    cardCVV: (text) => digits(text).slice(0, 4),
  };

  function show(input, error) {
    input.closest(".field").classList.toggle("wrong", error !== "");
    if (error) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (said.textContent !== error) said.textContent = error;
  }

  /** Says how a field stands, to its shopper and to the page around. */
  function judged(input, error) {
    show(input, error);
    const action = error ? "validateElementFailed" : "validateElementComplete";
    tell({ control: input.name, action, ...(error && { error }) });
    return { control: input.name, error };
  }

  /** Judges every field; the first that is wrong, or the last. */
  function validated() {
    const all = inputs.map((input) => judged(input, faults[input.name](input.value)));
    return all.find((one) => one.error) ?? all.at(-1);
  }

  async function submitted() {
    const first = validated();
    if (first.error) return first;
    const body = new URLSearchParams(inputs.map((input) => [input.name, input.value]));
    const response = await fetch(form.dataset.action, { method: "POST", body, credentials: "omit" }).catch(() => undefined);
    if (response?.ok) return first;
    if (response?.status !== 422) return { control: inputs[0].name, error: "Submit Failed" };
    const { control, error } = await response.json();
    return judged(inputs.find((input) => input.name === control) ?? inputs[0], error);
  }

  function cleared() {
    for (const input of inputs) {
      input.value = "";
      show(input, "");
    }
    return { control: inputs.at(-1).name, error: "" };
  }

  /** Takes what the page around brings, such as a card that was scanned. */
  function injected(payload) {
    const brought = { ...payload };
    if (brought.expiryMonth && brought.expiryYear) brought.cardExpiry ??= `${brought.expiryMonth}/${brought.expiryYear}`;
    for (const input of inputs) if (typeof brought[input.name] === "string") input.value = tidy[input.name](brought[input.name]);
    return validated();
  }

  /** Takes what the browser filled into another element: that is a page of ours too. */
  function autofilled() {
    for (let index = 0; index < window.parent.length; index += 1) {
      try {
        const filled = window.parent[index].florinFilled ?? {};
        for (const input of inputs) if (filled[input.name] && input.value === "") input.value = tidy[input.name](filled[input.name]);
      } catch {
        // A frame of somebody else's.
      }
    }
    return { control: inputs.at(-1).name, error: "" };
  }

  const actions = {
    validateElement: validated,
    submitElement: submitted,
    clearElement: cleared,
    injectData: injected,
    autofillElement: autofilled,
  };

  window.addEventListener("message", async ({ source, origin, data }) => {
    if (source !== window.parent || !registered.includes(origin) || typeof data !== "object" || data === null) return;
    if (!Object.hasOwn(actions, data.action) || (data.element && data.element !== element)) return;
    const { control, error } = await actions[data.action](data.payload);
    tell({ id: data.id, control, action: `${data.action}${error ? "Failed" : "Complete"}`, ...(error && { error }) }, origin);
  });

  for (const input of inputs) {
    input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      const isDeletion = (event.inputType ?? "").startsWith("delete");
      const isAtEnd = input.selectionStart === input.value.length;
      if (!isDeletion && isAtEnd) input.value = tidy[input.name](input.value);
      if (input.getAttribute("aria-invalid") && !faults[input.name](input.value)) judged(input, "");
    });
    input.addEventListener("focus", () => tell({ control: input.name, action: "onFocus" }));
    input.addEventListener("blur", () => {
      tell({ control: input.name, action: "onBlur" });
      if (input.value !== "") judged(input, faults[input.name](input.value));
    });
    // A browser that fills a card in fills one frame; the others are told to look there.
    input.addEventListener("change", () => {
      if (!input.matches(":autofill")) return;
      window.florinFilled = Object.fromEntries(inputs.map((one) => [one.name, one.value]));
      tell({ control: input.name, action: "autoFillTriggerComplete" });
    });
    tell({ control: input.name, action: "onLoad" });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
})();
