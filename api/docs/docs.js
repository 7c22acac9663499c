// Shows the API's document: every operation with its parameters, body and answers. Texts only ever
// become text nodes.
'use strict';

const METHODS = ['get', 'post', 'put', 'delete'];
let root = {};

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** What a reference stands for. */
function resolve(value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split('/').reduce((node, key) => node[key], root);
}

/** A schema without references, down to a depth at which people stop reading. */
function inlined(value, depth = 6) {
  if (Array.isArray(value)) return value.map(item => inlined(item, depth));
  if (!value || typeof value !== 'object') return value;
  if (value.$ref && depth === 0) return {};
  const node = value.$ref ? resolve(value) : value;
  return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, inlined(item, depth - (value.$ref ? 1 : 0))]));
}

function shown(value) {
  return element('pre', {textContent: JSON.stringify(inlined(value), null, 2)});
}

function content(title, described) {
  const parts = [];
  for (const [type, {schema, example}] of Object.entries(described.content || {})) {
    parts.push(element('h4', {textContent: `${title} (${type})`}));
    if (example !== undefined) parts.push(shown(example));
    const details = element('details', {}, element('summary', {textContent: 'schema'}), shown(schema));
    parts.push(details);
  }
  return parts;
}

function operation(path, method, described, shared) {
  const box = element('details', {id: described.operationId});
  box.dataset.text = `${method} ${path} ${described.summary} ${described.operationId}`.toLowerCase();
  box.append(element('summary', {},
    element('span', {className: 'role', textContent: described['x-role']}),
    element('code', {className: 'method', textContent: method.toUpperCase()}),
    element('code', {textContent: path}), ` ${described.summary}`));
  const inside = element('div', {className: 'inside'});
  if (described.description) inside.append(element('p', {textContent: described.description}));
  const parameters = [...shared, ...(described.parameters || [])].map(resolve);
  if (parameters.length) {
    const list = element('ul', {});
    for (const one of parameters)
      list.append(element('li', {}, element('code', {textContent: one.name}),
        ` (${one.in}${one.required ? ', required' : ''}) ${one.description || ''} `,
        element('code', {textContent: JSON.stringify(inlined(one.schema))})));
    inside.append(element('h4', {textContent: 'Parameters'}), list);
  }
  if (described.requestBody) inside.append(...content('Body', described.requestBody));
  for (const [status, answer] of Object.entries(described.responses)) {
    const resolved = resolve(answer);
    inside.append(element('h4', {textContent: `${status}: ${resolved.description}`}), ...content('Answer', resolved));
  }
  box.append(inside);
  return box;
}

function show() {
  const main = document.getElementById('operations');
  main.replaceChildren(element('p', {textContent: root.info.description}));
  for (const tag of root.tags) {
    const section = element('section', {}, element('h2', {textContent: tag.name}), element('p', {textContent: tag.description}));
    for (const [path, item] of Object.entries(root.paths))
      for (const method of METHODS)
        if (item[method] && item[method].tags.includes(tag.name))
          section.append(operation(path, method, item[method], item.parameters || []));
    main.append(section);
  }
}

document.getElementById('search').addEventListener('input', event => {
  const wanted = event.target.value.toLowerCase();
  for (const box of document.querySelectorAll('main > section > details'))
    box.hidden = !box.dataset.text.includes(wanted);
});

fetch('v1/openapi.json').then(answer => answer.json()).then(read => {
  root = read;
  show();
}).catch(() => {
  document.getElementById('operations').replaceChildren('The document could not be read.');
});
