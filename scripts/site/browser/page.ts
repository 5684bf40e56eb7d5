// What a page of the site does beside being read: it keeps the choice of colours, copies blocks of code, opens the menu on narrow
// screens, marks the chapter that is read, and loads the search when somebody asks for it. Loaded in the head, so that the
// colours are right from the first picture.

const ROOT_PATH = document.currentScript?.getAttribute("data-root") ?? "";
const THEMES = ["system", "light", "dark"];
const STORED_THEME = "keyhold-docs-theme";

applyTheme(storedTheme());
document.addEventListener("DOMContentLoaded", () => {
  addThemeButton();
  addSearchButton();
  addCopyButtons();
  wireMenu();
  followChapters();
  document.querySelector('#pages [aria-current="page"]')?.scrollIntoView({ block: "nearest" });
  window.scrollTo(window.scrollX, location.hash === "" ? 0 : window.scrollY);
});

/** A browser may keep nothing for files, or for nobody. */
function storedTheme(): string {
  try {
    return localStorage.getItem(STORED_THEME) ?? "system";
  } catch {
    return "system";
  }
}

function applyTheme(theme: string): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function addThemeButton(): void {
  let theme = storedTheme();
  const button = makeButton("theme", "");
  const show = () => {
    button.textContent = theme === "system" ? "◐" : theme === "light" ? "☀" : "☾";
    button.setAttribute("aria-label", `Colours: ${theme}`);
    button.title = `Colours: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    applyTheme(theme);
    try {
      localStorage.setItem(STORED_THEME, theme);
    } catch {
      // The choice holds for this page alone then.
    }
    show();
  });
  show();
  document.querySelector(".tools")?.append(button);
}

function addSearchButton(): void {
  const button = makeButton("search", "Search");
  const key = document.createElement("kbd");
  key.textContent = "/";
  button.append(key);
  button.addEventListener("click", openSearch);
  document.querySelector(".tools")?.prepend(button);
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    const isAsked = event.key === "/" || (event.key === "k" && (event.metaKey || event.ctrlKey));
    if (!isAsked || isTyping) return;
    event.preventDefault();
    openSearch();
  });
}

/** The index and what reads it come when they are first asked for. */
function openSearch(): void {
  if (document.querySelector("script[data-search]") !== null) {
    document.dispatchEvent(new CustomEvent("keyhold-search"));
    return;
  }
  for (const name of ["search-index.js", "search.js"]) {
    const script = document.createElement("script");
    script.async = false;
    script.src = `${ROOT_PATH}assets/${name}`;
    script.dataset["search"] = ROOT_PATH;
    document.head.append(script);
  }
}

function addCopyButtons(): void {
  for (const block of document.querySelectorAll(".block.code")) {
    const button = makeButton("copy", "Copy");
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(block.querySelector("code")?.textContent ?? "").then(
        () => say(button, "Copied"),
        () => say(button, "Not copied"),
      );
    });
    block.append(button);
  }
}

function say(button: HTMLButtonElement, text: string): void {
  button.textContent = text;
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1500);
}

function wireMenu(): void {
  const menu = document.querySelector(".menu");
  menu?.addEventListener("click", (event) => {
    event.preventDefault();
    const isOpen = document.body.classList.toggle("menu-open");
    menu.textContent = isOpen ? "Close" : "Menu";
    if (isOpen) document.querySelector("#pages")?.scrollTo(0, 0);
  });
}

function followChapters(): void {
  const links = new Map(
    [...document.querySelectorAll(".contents a")].map((link) => [link.getAttribute("href")?.slice(1), link]),
  );
  const observer = new IntersectionObserver(
    (seen) => {
      const first = seen.find(({ isIntersecting }) => isIntersecting);
      const link = links.get(first?.target.id);
      if (link === undefined) return;
      for (const other of links.values()) other.classList.toggle("here", other === link);
    },
    { rootMargin: "-60px 0px -70% 0px" },
  );
  for (const heading of document.querySelectorAll("article h2, article h3")) observer.observe(heading);
}

function makeButton(kind: string, text: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = kind;
  button.textContent = text;
  return button;
}
