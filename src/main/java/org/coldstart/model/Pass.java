package org.coldstart.model;

import java.util.Map;
import org.coldstart.checkpoint.LayerType;
import org.coldstart.torch.Precision;

/**
 * What all layers share in one pass through the decoder.
 *
 * @param precision of the matrix products
 * @param sights where the layers of each kind stand and what they see
 * @param cache keys and values of earlier passes, or null for a plain causal pass over whole rows
 */
record Pass(Precision precision, Map<LayerType, Sight> sights, KvCache cache) {}
