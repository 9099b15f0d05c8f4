/* The councils on a map, beside the list that needs no script. Shapes are ours; no tiles are fetched from anywhere. */
(function () {
  "use strict";
  var place = document.getElementById("councils-map");
  if (!place || !window.L) { return; }
  fetch(place.dataset.source).then(function (answer) { return answer.json(); }).then(function (shapes) {
    place.hidden = false;
    var map = window.L.map(place, { attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.1 });
    var layer = window.L.geoJSON(shapes, {
      style: { color: "#002d54", weight: 1, fillColor: "#0065bd", fillOpacity: 0.25 },
      onEachFeature: function (feature, shape) {
        shape.bindTooltip(feature.properties.name);
        if (feature.properties.url) {
          shape.on("click", function () { window.location.href = feature.properties.url; });
        }
      }
    }).addTo(map);
    map.fitBounds(layer.getBounds());
  });
}());
