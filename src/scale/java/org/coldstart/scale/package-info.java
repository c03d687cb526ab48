/** The library on a Spark cluster; what travels to the workers is in this jar. */
package org.coldstart.scale;
