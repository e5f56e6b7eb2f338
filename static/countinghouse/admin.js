// What the back-office's own pages do where scripts run. Without it everything still works: rows
// come by a button of the form, and differences are told when it is sent.
"use strict";

(() => {
    const groups = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

    const format = (amount, exponent) => {
        const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, "0");
        const whole = groups(digits.slice(0, digits.length - exponent));
        return whole + (exponent ? "." + digits.slice(-exponent) : "");
    };

    // Minor units as a BigInt: figures are never rounded. Null where it is no amount.
    const parse = (written, exponent) => {
        const text = written.replace(/[\s\u00a0\u202f\u2009]/g, "");
        if (!text) return 0n;
        const found = /^(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d+))?$/.exec(text);
        if (!found || !(found[1] || found[2])) return null;
        const fraction = found[2] || "";
        if (fraction.length > exponent) return null;
        return BigInt(found[1].replaceAll(",", "") + fraction.padEnd(exponent, "0"));
    };

    const accountsOf = (list) => {
        const accounts = new Map();
        for (const option of list.options) {
            const account = {
                currency: option.dataset.currency,
                exponent: Number(option.dataset.exponent),
            };
            const text = option.value.toLowerCase();
            accounts.set(text, account);
            accounts.set(text.split(" ")[0], account);
        }
        return (typed) => {
            const text = typed.trim().toLowerCase().replace(/\s+/g, " ");
            return accounts.get(text) || accounts.get(text.split(" ")[0]);
        };
    };

    const differences = (rows, accountOf) => {
        const sums = new Map();
        let unclear = false;
        for (const row of rows) {
            const [account, debit, credit] = row.querySelectorAll("input");
            if (!debit.value.trim() && !credit.value.trim()) continue;
            const found = accountOf(account.value);
            const amounts = found && [debit, credit].map((i) => parse(i.value, found.exponent));
            if (!amounts || amounts.includes(null)) {
                unclear = true;
                continue;
            }
            const before = sums.get(found.currency) || { exponent: found.exponent, debit: 0n, credit: 0n };
            before.debit += amounts[0];
            before.credit += amounts[1];
            sums.set(found.currency, before);
        }
        return { sums, unclear };
    };

    const badge = (text, kind) => {
        const element = document.createElement("span");
        element.className = kind;
        element.textContent = text;
        return element;
    };

    // Rows that come and go: the last one that is written in gets an empty one below it.
    const rows = (box, show) => {
        const body = box.querySelector("tbody");
        const template = box.querySelector("template");
        const total = box.querySelector("[name$=-TOTAL_FORMS]");
        const most = Number(box.querySelector("[name$=-MAX_NUM_FORMS]").value);

        const number = () => {
            [...body.rows].forEach((row, index) => {
                for (const element of row.querySelectorAll("[name], [id], [for]")) {
                    for (const name of ["name", "id", "for"]) {
                        const value = element.getAttribute(name);
                        if (value) element.setAttribute(name, value.replace(/-(\d+|__prefix__)-/, `-${index}-`));
                    }
                }
            });
            total.value = body.rows.length;
        };

        const add = () => {
            if (body.rows.length >= most) return null;
            body.append(template.content.cloneNode(true));
            const row = body.rows[body.rows.length - 1];
            reveal(row);
            number();
            return row;
        };

        box.querySelector("[data-add-line]").addEventListener("click", (event) => {
            event.preventDefault();
            const row = add();
            if (row) row.querySelector("input").focus();
        });
        body.addEventListener("click", (event) => {
            const button = event.target.closest("[data-remove-line]");
            if (!button) return;
            button.closest("tr").remove();
            if (!body.rows.length) add();
            number();
            show(body.rows);
        });
        body.addEventListener("input", (event) => {
            const row = event.target.closest("tr");
            if (row === body.rows[body.rows.length - 1] && event.target.value) add();
            show(body.rows);
        });
        show(body.rows);
    };

    const lines = (box) => {
        const output = box.querySelector("[data-difference]");
        const accountOf = accountsOf(document.getElementById("ch-accounts"));

        const show = (body) => {
            const { sums, unclear } = differences(body, accountOf);
            output.replaceChildren();
            for (const [currency, { exponent, debit, credit }] of sums) {
                const off = debit - credit;
                const side = off > 0n ? "debits exceed by" : "credits exceed by";
                const text = off === 0n
                    ? `${currency} ${format(debit, exponent)} balanced`
                    : `${currency} ${side} ${format(off, exponent)}`;
                output.append(badge(text, off === 0n ? "ch-good" : "ch-bad"));
            }
            if (unclear) output.append(badge("a row is not complete yet", "ch-warn"));
        };

        rows(box, show);
    };

    // --- Items of an order ------------------------------------------------------------------------

    // A quantity has up to six decimals; price times quantity is rounded half up.
    const itemAmount = (row, exponent) => {
        const value = (name) => row.querySelector(`[name$=-${name}]`).value;
        if (!value("price").trim() && !value("description").trim()) return 0n;
        const quantity = parse(value("quantity").trim() || "1", 6);
        const price = parse(value("price"), exponent);
        const discount = parse(value("discount"), exponent);
        if (quantity === null || price === null || discount === null) return null;
        return (quantity * price * 2n + 1000000n) / 2000000n - discount;
    };

    const picked = (pick) => {
        const summary = pick.querySelector("summary");
        const chosen = [...pick.querySelectorAll("input:checked")];
        const text = chosen.map((input) => (input.value === "no tax" ? "No tax" : input.value)).join(", ");
        summary.textContent = text || summary.dataset.picked;
    };

    const items = (box) => {
        const output = box.querySelector("[data-sum]");
        const exponents = JSON.parse(box.dataset.exponents);
        const currency = document.getElementById("id_currency");

        const show = (body) => {
            const exponent = exponents[currency.value] ?? 2;
            const amounts = [...body].map((row) => itemAmount(row, exponent));
            output.replaceChildren();
            if (amounts.includes(null)) {
                output.append(badge("a row is not complete yet", "ch-warn"));
                return;
            }
            const sum = amounts.reduce((total, amount) => total + amount, 0n);
            if (sum > 0n) output.append(badge(`Items ${format(sum, exponent)} ${currency.value}`, "ch-info"));
        };

        rows(box, show);
        box.addEventListener("change", (event) => {
            const pick = event.target.closest(".ch-pick");
            if (pick) picked(pick);
        });
        currency.addEventListener("change", () => show(box.querySelector("tbody").rows));
    };

    // --- Names that are offered while one types ---------------------------------------------------

    let lists = 0;
    const suggest = (input) => {
        const list = document.createElement("datalist");
        list.id = `ch-offered-${lists++}`;
        input.after(list);
        input.setAttribute("list", list.id);
        let timer;
        let asked = null;
        const ask = async () => {
            const typed = input.value.trim();
            if (typed === asked) return;
            asked = typed;
            const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`);
            if (!answer.ok || typed !== asked) return;
            const { offered } = await answer.json();
            list.replaceChildren(...offered.map((text) => Object.assign(document.createElement("option"), { value: text })));
        };
        input.addEventListener("focus", ask);
        input.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(ask, 150);
        });
    };

    const reveal = (root) => {
        for (const element of root.querySelectorAll("[data-needs-script]")) element.hidden = false;
    };

    document.addEventListener("DOMContentLoaded", () => {
        reveal(document);
        document.querySelectorAll("[data-lines]").forEach(lines);
        document.querySelectorAll("[data-items]").forEach(items);
        document.querySelectorAll("[data-suggest]").forEach(suggest);
        for (const [name, open] of [["expand", true], ["collapse", false]]) {
            for (const button of document.querySelectorAll(`[data-${name}]`)) {
                button.addEventListener("click", () => {
                    const tree = document.querySelector(button.dataset[name]);
                    for (const branch of tree.querySelectorAll("details")) branch.open = open;
                });
            }
        }
        for (const input of document.querySelectorAll("[data-select]")) {
            input.addEventListener("focus", () => input.select());
        }
        document.addEventListener("click", (event) => {
            for (const menu of document.querySelectorAll("details.ch-switch[open]")) {
                if (!menu.contains(event.target)) menu.open = false;
            }
        });
    });
})();
