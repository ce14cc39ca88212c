// The script of the page of a run: the slider of the previews, and the values under the pointer in charts. The page is whole
// without it.
for (const gallery of document.querySelectorAll('.gallery')) {
  const figures = [...gallery.querySelectorAll('.preview')];
  const slider = gallery.querySelector('.slider');
  if (!slider) continue;
  const input = slider.querySelector('input');
  const output = slider.querySelector('output');
  const show = () => {
    for (const [i, figure] of figures.entries()) figure.hidden = i !== Number(input.value);
    const images = Number(figures[Number(input.value)].dataset.images).toLocaleString('en-US');
    output.textContent = images;
    input.setAttribute('aria-valuetext', `${images} images`);
  };
  input.addEventListener('input', show);
  slider.hidden = false;
  show();
}

for (const chart of document.querySelectorAll('.chart')) {
  const svg = chart.querySelector('svg');
  const cursor = chart.querySelector('.cursor');
  const readout = chart.querySelector('.readout');
  const usual = readout.textContent;
  const curves = [...chart.querySelectorAll('.curve')].map((curve) => {
    const values = curve.dataset.values.split(' ');
    const points = curve
      .getAttribute('d')
      .slice(1)
      .split('L')
      .map((place, i) => ({ x: Number(place.split(',')[0]), images: values[2 * i], value: values[2 * i + 1] }));
    return { name: curve.dataset.name, points };
  });
  const at = (event) => {
    const { left, width } = svg.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * svg.viewBox.baseVal.width;
    const nearest = curves.map(({ name, points }) => ({
      name,
      ...points.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a)),
    }));
    for (const end of ['x1', 'x2']) cursor.setAttribute(end, nearest[0].x);
    const images = Number(nearest[0].images).toLocaleString('en-US');
    readout.textContent = `${images} images: ${nearest.map(({ name, value }) => `${name} ${value}`).join(', ')}`;
  };
  const leave = () => {
    for (const end of ['x1', 'x2']) cursor.setAttribute(end, -9);
    readout.textContent = usual;
  };
  svg.addEventListener('pointermove', at);
  svg.addEventListener('pointerdown', at);
  svg.addEventListener('pointerleave', leave);
}
