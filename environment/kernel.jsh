%classpath ../target/classes ../target/lib/*.jar
org.coldstart.notebook.Notebook.init();
