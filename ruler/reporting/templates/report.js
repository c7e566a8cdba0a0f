"use strict";
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  if (typeof DecompressionStream === "undefined") return; // the still charts stay

  const packed = document.getElementById("plotly").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
  if (typeof Plotly === "undefined") return;

  const coloured = (figure) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(JSON.stringify(figure), (key, value) =>
      /color$/.test(key) && /^@[a-z]+$/.test(value)
        ? style.getPropertyValue("--" + value.slice(1)).trim()
        : value
    );
  };
  const draw = (chart) => {
    chart.classList.add("live"); // first: plotly measures the box it draws into
    const { data, layout } = coloured(figures[chart.dataset.figure]);
    Plotly.react(chart.querySelector(".plot"), data, layout, {
      displayModeBar: false,
      responsive: true,
    });
  };

  const drawn = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || drawn.has(target)) continue;
        drawn.add(target);
        draw(target);
      }
    },
    { rootMargin: "600px" }
  );
  document.querySelectorAll("[data-figure]").forEach((chart) => {
    if (figures[chart.dataset.figure]) watcher.observe(chart);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
})();
