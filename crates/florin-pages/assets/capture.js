// Card capture: helps to type a card, and tells the merchant's page around this one what came of it.
//
// Without it the page is a plain form that works as well; the server checks everything again. It sends nothing by itself, keeps
// nothing, and no digit that was typed goes into a message. Messages go to the merchant's registered origins and nowhere else.
(() => {
  "use strict";

  const stage = document.getElementById("capture");
  if (!stage) return;

  /** Tells the page around this one the result, if there are both. The browser drops what is meant for another origin than is there. */
  function tell() {
    if (window.parent === window || !stage.dataset.result) return;
    const result = { source: "florin", type: stage.dataset.type, ...JSON.parse(stage.dataset.result) };
    const registered = stage.dataset.origins.split(" ").filter(Boolean);
    // Where the browser says who is around, nobody else needs to be called.
    const around = registered.filter((origin) => origin === window.location.ancestorOrigins?.[0]);
    for (const origin of around.length > 0 ? around : registered) window.parent.postMessage(result, origin);
  }

  const digits = (text) => text.replace(/\D/g, "");

  /** How many digits stand together on the card itself. */
  function groups(number) {
    if (/^3[47]/.test(number)) return [4, 6, 5];
    if (/^3[0689]/.test(number)) return [4, 6, 4, 5];
    return [4, 4, 4, 4, 3];
  }

  /** The length at which a number of this kind is usually whole. */
  function usualLength(number) {
    if (/^3[47]/.test(number)) return 15;
    return /^3[0689]/.test(number) ? 14 : 16;
  }

  function passesLuhn(number) {
    let sum = 0;
    for (let index = 0; index < number.length; index += 1) {
      const digit = Number(number[number.length - 1 - index]) * ((index % 2) + 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 === 0;
  }

  /** Month and year as typed: both as digits, the month with two as soon as it cannot be another. */
  function monthAndYear(text) {
    const [first, ...rest] = text.split(/[/-]/);
    if (rest.length > 0) return [digits(first).slice(0, 2).padStart(digits(first) ? 2 : 0, "0"), digits(rest.join("")).slice(0, 4)];
    const typed = digits(text);
    const whole = /^[2-9]/.test(typed) ? `0${typed}` : typed;
    return [whole.slice(0, 2), whole.slice(2, 6)];
  }

  // For each field: its text in order, and what is wrong with it. While somebody types, what may yet become right is not wrong.
  const rules = {
    card_number: {
      tidy(text) {
        const number = digits(text).slice(0, 19);
        const parts = [];
        let at = 0;
        for (const size of groups(number)) {
          if (at < number.length) parts.push(number.slice(at, at + size));
          at += size;
        }
        return parts.join(" ");
      },
      fault(text, isDone) {
        const number = digits(text);
        if (number === "") return isDone ? "Enter the card number." : "";
        if (number.length < 12) return isDone ? "The card number is too short." : "";
        const isWhole = isDone || number.length >= usualLength(number);
        return isWhole && !passesLuhn(number) ? "This is not a card number: a digit is mistyped." : "";
      },
    },
    card_expiry: {
      tidy(text) {
        const [month, year] = monthAndYear(text);
        return month.length === 2 ? `${month} / ${year}` : month;
      },
      fault(text, isDone) {
        const [month, year] = monthAndYear(text);
        if (month.length === 2 && !(month >= "01" && month <= "12")) return "The month is 01 to 12.";
        const isWhole = month.length === 2 && (year.length === 4 || (year.length === 2 && (isDone || year !== "20")));
        if (!isWhole) return isDone ? "Enter month and year, such as 09/34." : "";
        return `${year.padStart(4, "20")}-${month}` < stage.dataset.month ? "This card has expired." : "";
      },
    },
    card_cvc: {
      tidy: (text) => digits(text).slice(0, 4),
      fault: (text, isDone) => (isDone && digits(text).length < 3 ? "Enter the three or four digits." : ""),
    },
  };

  const form = stage.querySelector("form");
  const said = document.getElementById("said");
  const inputs = form ? [...form.elements].filter((element) => element.name in rules) : [];

  /** Shows what is wrong beside the field, or that nothing is, and says it to those who do not see it. */
  function show(input, fault) {
    const field = input.closest(".field");
    const id = `${input.name}-error`;
    const hint = `${input.name}-hint`;
    document.getElementById(id)?.remove();
    field.classList.toggle("wrong", fault !== "");
    if (fault === "") {
      input.removeAttribute("aria-invalid");
    } else {
      const told = document.createElement("p");
      const kind = document.createElement("span");
      kind.className = "unseen";
      kind.textContent = "Error: ";
      told.className = "wrong-text";
      told.id = id;
      told.append(kind, fault);
      field.insertBefore(told, field.querySelector(".box"));
      input.setAttribute("aria-invalid", "true");
    }
    const described = [id, hint].filter((name) => document.getElementById(name)).join(" ");
    if (described) input.setAttribute("aria-describedby", described);
    else input.removeAttribute("aria-describedby");
    if (said.textContent !== fault) said.textContent = fault;
  }

  /** Checks a field; what was said of it stands until that is no longer so. */
  function check(input, isDone) {
    const fault = rules[input.name].fault(input.value, isDone);
    const told = document.getElementById(`${input.name}-error`);
    if (fault !== "" || told) show(input, fault);
    return fault === "";
  }

  /** Puts the text in order, and leaves the cursor behind the digit that it stood behind. */
  function tidy(input) {
    const before = digits(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
    const isAtEnd = input.selectionStart === input.value.length;
    const text = rules[input.name].tidy(input.value);
    if (text === input.value) return;
    input.value = text;
    if (document.activeElement !== input) return;
    let at = isAtEnd ? text.length : 0;
    for (let seen = 0; !isAtEnd && seen < before && at < text.length; at += 1) if (/\d/.test(text[at])) seen += 1;
    input.setSelectionRange(at, at);
  }

  function typed(event) {
    if (event.isComposing) return;
    const input = event.target;
    const isDeletion = (event.inputType ?? "").startsWith("delete");
    // A date that is being taken back must not grow its stroke again.
    if (!isDeletion || input.name === "card_number") tidy(input);
    check(input, false);
  }

  let isSending = false;

  /** Sends once, and not what the server would only send back. */
  function send(event) {
    const wrong = isSending ? [] : inputs.filter((input) => !check(input, true));
    if (isSending || wrong.length > 0) {
      event.preventDefault();
      wrong[0]?.focus();
      return;
    }
    isSending = true;
    const button = form.querySelector("button");
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.sending;
    said.textContent = button.dataset.sending;
  }

  if (form) {
    for (const input of inputs) {
      input.addEventListener("input", typed);
      input.addEventListener("blur", () => input.value !== "" && check(input, true));
    }
    form.addEventListener("submit", send);
    // In a frame the browser gives the focus to nothing by itself.
    document.querySelector(".problems")?.focus();
  }
  tell();
})();
