// World geometry for the maps: Natural Earth's countries (npm world-atlas, public domain) as one drawing of outlines and
// one small table. Usage: node world.mjs DRAWING.svg TABLE.json
//
// The drawing is in Miller's cylindrical projection, so that x depends on the longitude alone and y on the latitude alone;
// `views/world.py` puts points on it with the same two formulas. The table gives each country's ISO 3166-1
// numeric code, name, and the middle of its largest part in degrees.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

const WIDTH = 10000;
const NORTH = 83.7;
const SOUTH = -56.5;
const RADIUS = WIDTH / (2 * Math.PI);
const LEAST_TRIANGLE = 0.004; // square degrees: smaller corners of a coast are cut
const LEAST_RING = 4; // square units of the drawing: smaller islands are left out, but for a country's largest

const miller = (lat) => 1.25 * Math.log(Math.tan(Math.PI / 4 + (0.4 * lat * Math.PI) / 180));
const x = (lon) => ((lon + 180) / 360) * WIDTH;
const y = (lat) => RADIUS * (miller(NORTH) - miller(Math.max(SOUTH - 3, Math.min(NORTH + 3, lat))));

function area(ring) {
  let sum = 0;
  for (let at = 0; at < ring.length - 1; at++) {
    sum += ring[at][0] * ring[at + 1][1] - ring[at + 1][0] * ring[at][1];
  }
  return sum / 2;
}

// Measured from the ring's first corner: the ring of a small island is lost in the rounding of its longitude otherwise.
function middle(ring) {
  const [lon0, lat0] = ring[0];
  const corners = ring.map(([lon, lat]) => [lon - lon0, lat - lat0]);
  const whole = area(corners);
  if (Math.abs(whole) < 1e-6) return ring[0];
  let [lon, lat] = [0, 0];
  for (let at = 0; at < corners.length - 1; at++) {
    const [[fromLon, fromLat], [toLon, toLat]] = [corners[at], corners[at + 1]];
    const cross = fromLon * toLat - toLon * fromLat;
    lon += (fromLon + toLon) * cross;
    lat += (fromLat + toLat) * cross;
  }
  return [lon0 + lon / (6 * whole), lat0 + lat / (6 * whole)];
}

// A ring that crosses the antimeridian jumps from 180 to -180 there: made continuous, then cut at both edges of the map.
function cut(ring) {
  let turn = 0;
  const whole = ring.map(([lon, lat], at) => {
    if (at > 0 && Math.abs(lon - ring[at - 1][0]) > 180) turn += lon < ring[at - 1][0] ? 360 : -360;
    return [lon + turn, lat];
  });
  const lons = whole.map(([lon]) => lon);
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  if (west >= -180 && east <= 180) return [whole];
  return [-360, 0, 360]
    .map((shift) => whole.map(([lon, lat]) => [lon + shift, lat]))
    .map((moved) => beyond(beyond(moved, (lon) => lon >= -180, -180), (lon) => lon <= 180, 180))
    .filter((part) => part.length > 3);
}

// The part of a ring on one side of a meridian (Sutherland and Hodgman).
function beyond(ring, isInside, edge) {
  const found = [];
  for (let at = 0; at < ring.length - 1; at++) {
    const [from, to] = [ring[at], ring[at + 1]];
    if (isInside(from[0])) found.push(from);
    if (isInside(from[0]) !== isInside(to[0])) {
      const share = (edge - from[0]) / (to[0] - from[0]);
      found.push([edge, from[1] + share * (to[1] - from[1])]);
    }
  }
  return found.length ? [...found, found[0]] : found;
}

function path(ring) {
  const points = ring.map(([lon, lat]) => [Math.round(x(lon)), Math.round(y(lat))]);
  let [fromX, fromY] = points[0];
  let text = `M${fromX} ${fromY}l`;
  for (const [toX, toY] of points.slice(1, -1)) {
    const [dx, dy] = [toX - fromX, toY - fromY];
    if (dx === 0 && dy === 0) continue;
    text += `${dx < 0 || text.endsWith("l") ? "" : " "}${dx}${dy < 0 ? "" : " "}${dy}`;
    [fromX, fromY] = [toX, toY];
  }
  return text.endsWith("l") ? "" : `${text}z`;
}

function outline(country) {
  const polygons =
    country.geometry.type === "Polygon" ? [country.geometry.coordinates] : country.geometry.coordinates;
  const parts = polygons.map((polygon) => polygon.flatMap(cut));
  const rings = parts.flat().sort((a, b) => Math.abs(area(b)) - Math.abs(area(a)));
  const projected = (ring) => Math.abs(area(ring.map(([lon, lat]) => [x(lon), y(lat)])));
  const kept = parts.flat().filter((ring) => ring === rings[0] || projected(ring) >= LEAST_RING);
  return { d: kept.map(path).join(""), middle: middle(rings[0]) };
}

const [drawing, table] = process.argv.slice(2);
const source = createRequire(import.meta.url).resolve("world-atlas/countries-50m.json");
const topology = simplify(presimplify(JSON.parse(readFileSync(source, "utf8"))), LEAST_TRIANGLE);
const countries = feature(topology, topology.objects.countries).features.filter(
  (country) => country.geometry && country.properties.name !== "Antarctica",
);
const drawn = countries
  .map((country) => ({ id: country.id ?? "", name: country.properties.name, ...outline(country) }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const height = Math.round(y(SOUTH));
writeFileSync(
  drawing,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}">` +
    `<g fill="#8a97a3" fill-opacity=".3" stroke="#8a97a3" stroke-opacity=".75" stroke-linejoin="round">` +
    drawn.map(({ d }) => `<path vector-effect="non-scaling-stroke" stroke-width=".6" d="${d}"/>`).join("") +
    `</g></svg>\n`,
);
const round = (number) => Math.round(number * 100) / 100;
writeFileSync(
  table,
  `${JSON.stringify(
    {
      width: WIDTH,
      height,
      north: NORTH,
      south: SOUTH,
      countries: drawn.map(({ id, name, middle: [lon, lat] }) => ({ id, name, lat: round(lat), lon: round(lon) })),
    },
    null,
    1,
  )}\n`,
);
console.log(`${drawn.length} countries`);
