// The page is dark where the documentation is. No module: a browser waits for this before it shows anything.
// The documentation keeps the choice of its theme in the browser.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("theme");
    } catch {
      // The browser keeps nothing: its own choice counts.
    }
    const isDark = chosen === "dark" || (chosen !== "light" && dark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  };
  dark.onchange = show;
  show();
}
